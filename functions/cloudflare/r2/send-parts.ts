import type { UploadedPart } from '../../core/bucket/bucket.ts';
import { PartReader } from '../../core/bucket/put/part-reader.ts';
import { bytesOf } from '../../core/bucket/put/parts.ts';
import type { PutTarget } from '../../core/bucket/put/target.ts';
import { partError } from './bucket.ts';

/**
 * How many bytes are hashed and sent at a time. workerd's own streams give 4 KiB a read, for which the
 * calls would cost more than the work.
 */
const chunkBytes = 256 * 1024;

/**
 * How many parts may wait for R2's answer while the next one is sent. An invocation has six connections,
 * and the source and the lease use two of them.
 */
const mostUnanswered = 3;

/**
 * Sends parts one after another. Each is streamed, so that the isolate never holds one; only the parts
 * of a blob of unknown size go through memory, because R2 must know their length first. Also pauses
 * after `bytesPerPut` bytes, if the hash can be saved.
 */
export function sendParts(bucket: R2Bucket, bytesPerPut: number): PutTarget['sendParts'] {
  return async ({ source, wanted: { size }, upload, done, partBytes, hash, deadline }) => {
    const uploads = new PartUploads(bucket.resumeMultipartUpload(upload.key, upload.id), done);
    const start = bytesOf(done);
    let at = start;
    let isComplete = at === size;
    /** The hash of the parts that are sent. */
    let saved = hash.save();
    let reader: PartReader | undefined;

    async function fill(buffer: Uint8Array): Promise<Uint8Array> {
      deadline.check();
      reader ??= new PartReader(source, { start, size }, deadline.signal);
      return buffer.subarray(0, await reader.fill(buffer));
    }

    async function* chunks(length: number): AsyncGenerator<Uint8Array> {
      for (let left = length; left > 0; left -= chunkBytes) {
        const bytes = await fill(new Uint8Array(Math.min(left, chunkBytes)));
        hash.update(bytes);
        yield bytes;
      }
    }

    async function sendNext(): Promise<void> {
      if (size !== undefined) {
        const length = Math.min(partBytes, size - at);
        await uploads.stream(length, chunks(length));
        at += length;
        isComplete = at === size;
        return;
      }
      const bytes = await fill(new Uint8Array(partBytes));
      hash.update(bytes);
      if (bytes.byteLength > 0) await uploads.send(bytes);
      at += bytes.byteLength;
      isComplete = bytes.byteLength < partBytes;
    }

    try {
      while (!isComplete && (saved === undefined || at - start < bytesPerPut)) {
        await sendNext();
        saved = hash.save();
      }
    } catch (error) {
      if (!deadline.hasPassed) throw error;
    } finally {
      reader?.cancel();
    }
    return { parts: await uploads.all(), isComplete, saved };
  };
}

/** The parts of one upload to R2. */
class PartUploads {
  readonly #upload: R2MultipartUpload;
  readonly #parts: Promise<UploadedPart>[];

  /** `done` are the parts that R2 already has. */
  constructor(upload: R2MultipartUpload, done: readonly UploadedPart[]) {
    this.#upload = upload;
    this.#parts = done.map((part) => Promise.resolve(part));
  }

  /** Sends a part from memory. Rejects when an earlier one failed. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#parts.at(-mostUnanswered);
    void this.#begin(bytes, bytes.byteLength);
  }

  /** Sends a part of `length` bytes as they arrive. Nothing of it remains if the chunks fail. */
  async stream(length: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#parts.at(-mostUnanswered);
    const { readable, writable } = new FixedLengthStream(length);
    const writer = writable.getWriter();
    // If R2 cancels the stream, `sent` has R2's own error.
    writer.closed.catch(() => undefined);
    const sent = this.#begin(readable, length);
    const failed = sent.then(() => new Promise<never>(() => undefined));
    failed.catch(() => undefined);
    try {
      // A write may never settle once nothing reads the stream.
      for await (const bytes of chunks) await Promise.race([writer.write(bytes), failed]);
      await Promise.race([writer.close(), sent]);
    } catch (error) {
      await writer.abort().catch(() => undefined);
      await this.#parts.pop()?.catch(() => undefined);
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
}
