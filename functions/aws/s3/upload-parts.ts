import type { Bucket, UploadedPart } from '../../core/bucket/bucket.ts';
import { PartReader } from '../../core/bucket/put/part-reader.ts';
import type { PartsSent, PartsToSend, PutWays } from '../../core/bucket/put/ways.ts';
import { type Mismatch, wrongSize } from '../../core/ports/blob-store.ts';
import type { PutBuffers } from './put-buffers.ts';

/** By what means a blob is moved. */
export interface SideBySide {
  readonly bucket: Bucket;
  readonly buffers: PutBuffers;
  /** How many slices or parts may be read side by side. */
  readonly lanes: () => Promise<number>;
}

type Moving = PartsToSend & Omit<SideBySide, 'lanes'> & { readonly lanes: number };

/**
 * Moves a blob from its source into the parts of an upload. Parts are read side by side, sent as
 * soon as they are read, and hashed in their order; a part's memory is free once both are done.
 * Rejects with the first error of the source or of S3, after all that was under way has ended.
 */
export function uploadParts({ lanes, ...by }: SideBySide): PutWays['sendParts'] {
  return async (parts) => {
    const many = parts.wasFruitless ? 1 : await lanes();
    return new Lanes({ ...parts, ...by, lanes: many }).run();
  };
}

/** A part that was read. */
interface ReadPart {
  readonly bytes: Uint8Array;
  /** Called by the sender and by the hash. */
  done(): void;
}

class Lanes {
  readonly #options: Moving;
  readonly #failure = new AbortController();
  /** Ends the sending, and the reading as well. */
  readonly #signal: AbortSignal;
  readonly #reading: AbortSignal;
  readonly #firstByte: number;
  readonly #parts: UploadedPart[];
  readonly #sending: Promise<void>[] = [];
  /** Parts that are read and wait for those before them. */
  readonly #unhashed = new Map<number, ReadPart>();
  /** What a single lane reads from its beginning to its end. */
  #stream: PartReader | undefined;
  #taken = 0;
  #hashed = 0;
  #isEnded = false;
  #wrongSize: Mismatch | undefined;

  constructor(options: Moving) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failure.signal]);
    this.#reading = AbortSignal.any([this.#signal, options.pause]);
    this.#firstByte = options.done.reduce((sum, part) => sum + part.size, 0);
    this.#parts = [...options.done];
  }

  async run(): Promise<PartsSent> {
    const { signal, lanes, done, hash } = this.#options;
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    this.#stream?.cancel(new Error('no more of it is needed'));
    for (const part of this.#unhashed.values()) part.done();
    await Promise.all(this.#sending);
    signal.throwIfAborted();
    if (this.#wrongSize !== undefined) return this.#wrongSize;
    this.#failure.signal.throwIfAborted();
    const isWhole = this.#isEnded && this.#hashed === this.#taken;
    // What was read beyond a gap is read again.
    const parts = this.#parts.slice(0, done.length + this.#hashed);
    return isWhole ? { kind: 'whole', parts } : { kind: 'paused', parts, saved: hash.save() };
  }

  /** Reads one part after another until there is none, or no time. Does not reject. */
  async #lane(): Promise<void> {
    const { buffers, partBytes, pause } = this.#options;
    let buffer: Uint8Array | undefined;
    try {
      while (!this.#isEnded) {
        // The memory first: so the first part that is missing always has its own.
        buffer = await buffers.acquire(partBytes, this.#reading);
        const part = await this.#read(buffer);
        if (part === undefined) break;
        this.#send(part.index, part.bytes, buffer);
        buffer = undefined;
      }
    } catch (error) {
      if (!pause.aborted || this.#signal.aborted) this.#failure.abort(error);
    } finally {
      if (buffer !== undefined) buffers.release(buffer);
    }
  }

  /** Reads the next part; undefined when there is none, or when the blob has another size. */
  async #read(
    buffer: Uint8Array,
  ): Promise<{ readonly index: number; readonly bytes: Uint8Array } | undefined> {
    const { size, partBytes } = this.#options;
    const start = this.#firstByte + this.#taken * partBytes;
    if (this.#isEnded || (size !== undefined && start >= size)) {
      this.#isEnded = true;
      return undefined;
    }
    const index = this.#taken;
    this.#taken += 1;
    const wanted = Math.min(partBytes, (size ?? Number.POSITIVE_INFINITY) - start);
    const stream = this.#open(start, wanted);
    const got = await stream.fill(buffer.subarray(0, wanted));
    if (size === undefined) {
      this.#isEnded ||= got < wanted;
      if (got > 0 || index + this.#parts.length === 0)
        return { index, bytes: buffer.subarray(0, got) };
      this.#taken -= 1;
      return undefined;
    }
    if (got < wanted) return this.#refuse(wrongSize(size, start + got));
    const isLast = start + got === size;
    if ((isLast || stream !== this.#stream) && !(await stream.isAtEnd())) {
      stream.cancel(new Error('there are more bytes than wanted'));
      return this.#refuse(wrongSize(size, size + 1));
    }
    return { index, bytes: buffer.subarray(0, got) };
  }

  #open(start: number, length: number): PartReader {
    const { source, lanes } = this.#options;
    if (lanes > 1) return new PartReader(source.open(start, start + length - 1), this.#reading);
    this.#stream ??= new PartReader(source.open(start), this.#reading);
    return this.#stream;
  }

  #refuse(outcome: Mismatch): undefined {
    this.#wrongSize = outcome;
    this.#failure.abort(new Error(outcome.reason));
  }

  #send(index: number, bytes: Uint8Array, buffer: Uint8Array): void {
    const { bucket, upload, buffers, done } = this.#options;
    let users = 2;
    const part = {
      bytes,
      done: () => {
        users -= 1;
        if (users === 0) buffers.release(buffer);
      },
    };
    const at = done.length + index;
    const sent = bucket.uploadPart(upload, at + 1, bytes, this.#signal).then(
      (uploaded) => {
        this.#parts[at] = uploaded;
      },
      (error: unknown) => this.#failure.abort(error),
    );
    this.#sending.push(sent.finally(part.done));
    this.#unhashed.set(index, part);
    this.#hashInOrder();
  }

  #hashInOrder(): void {
    for (;;) {
      const part = this.#unhashed.get(this.#hashed);
      if (part === undefined) return;
      this.#unhashed.delete(this.#hashed);
      this.#options.hash.update(part.bytes);
      this.#hashed += 1;
      part.done();
    }
  }
}
