import type { UploadedPart } from '../../core/bucket/bucket.ts';
import { partError } from './bucket-uploads.ts';

/**
 * Parts that are sent, or sent and not answered yet, so that the next one need not wait for R2. An
 * invocation has six connections: the source and the lease need two of them.
 */
const mostUnanswered = 3;

/**
 * The parts of one multipart upload, sent one after another. R2 takes a part as a stream of known
 * length, so that its bytes are never held here.
 */
export class R2PartUploads {
  readonly #upload: R2MultipartUpload;
  readonly #parts: Promise<UploadedPart>[];

  /** `done` are the parts that R2 already has. */
  constructor(upload: R2MultipartUpload, done: readonly UploadedPart[]) {
    this.#upload = upload;
    this.#parts = done.map((part) => Promise.resolve(part));
  }

  get count(): number {
    return this.#parts.length;
  }

  /** Sends a part that is in memory. Rejects when an earlier one failed. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#parts.at(-mostUnanswered);
    this.#begin(bytes, bytes.byteLength).catch(() => undefined);
  }

  /**
   * Sends a part of `length` bytes as `next` gives them, at most as many as it is asked for. Resolves
   * to how many came: fewer than `length` when it gave none, and then there is no such part.
   */
  async stream(
    length: number,
    next: (most: number) => Promise<Uint8Array | undefined>,
  ): Promise<number> {
    await this.#parts.at(-mostUnanswered);
    const { readable, writable } = new FixedLengthStream(length);
    const writer = writable.getWriter();
    // A stream that R2 gave up is an error of R2, which `sent` has.
    writer.closed.catch(() => undefined);
    const sent = this.#begin(readable, length);
    const failed = sent.then(() => new Promise<never>(() => undefined));
    failed.catch(() => undefined);
    try {
      let at = 0;
      while (at < length) {
        const bytes = await next(length - at);
        if (bytes === undefined) {
          await this.#drop(writer);
          return at;
        }
        at += bytes.byteLength;
        // A write may wait for ever when nobody reads the stream any more.
        await Promise.race([writer.write(bytes), failed]);
      }
      await Promise.race([writer.close(), sent]);
      return at;
    } catch (error) {
      await this.#drop(writer);
      throw error;
    }
  }

  /** All parts, once R2 has them. Rejects when one failed. */
  all(): Promise<UploadedPart[]> {
    return Promise.all(this.#parts);
  }

  #begin(value: Uint8Array | ReadableStream, size: number): Promise<UploadedPart> {
    const number = this.#parts.length + 1;
    const sent = this.#upload.uploadPart(number, value).then(
      ({ etag }) => ({ number, size, etag, crc32: undefined }),
      (error: unknown) => {
        throw partError(error);
      },
    );
    sent.catch(() => undefined);
    this.#parts.push(sent);
    return sent;
  }

  /** R2 keeps nothing of the last part, which has too few bytes. */
  async #drop(writer: WritableStreamDefaultWriter): Promise<void> {
    await writer.abort().catch(() => undefined);
    await this.#parts.pop()?.catch(() => undefined);
  }
}
