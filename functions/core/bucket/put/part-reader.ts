import type { ByteReader } from '../../bytes/byte-reader.ts';
import { type BlobSource, type Mismatch, wrongSize } from '../../ports/blob-store.ts';

/** The source has fewer or more bytes than the blob should have. */
export class WrongSize extends Error {
  override readonly name = 'WrongSize';
  readonly outcome: Mismatch;

  constructor(expected: number, got: number) {
    const outcome = wrongSize(expected, got);
    super(outcome.reason);
    this.outcome = outcome;
  }
}

/** What to read of a blob. */
export interface ReadRange {
  /** The first byte; 0 by default. */
  readonly start?: number;
  /** The byte after the last one; by default the end of the blob. */
  readonly end?: number;
  /** Of the whole blob, in bytes; undefined if it is unknown. */
  readonly size: number | undefined;
}

/** Reads a blob into buffers, and checks its size. Aborting the signal cancels the source. */
export class PartReader {
  readonly #reader: ByteReader;
  readonly #signal: AbortSignal;
  readonly #size: number;
  readonly #end: number;
  #at: number;
  #rest: Uint8Array = new Uint8Array();
  #isDone = false;
  readonly #onAbort = () => this.cancel(this.#signal.reason);

  constructor(source: BlobSource, { start = 0, end, size }: ReadRange, signal: AbortSignal) {
    this.#reader = source.open(start, end === undefined ? undefined : end - 1);
    this.#signal = signal;
    this.#size = size ?? Number.POSITIVE_INFINITY;
    this.#end = end ?? this.#size;
    this.#at = start;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Fills a buffer. Resolves to the number of bytes read, which is smaller than the buffer only at
   * the end of a blob of unknown size. Rejects with the source's error, the signal's reason, or a
   * WrongSize when bytes are missing or the last one is not the end of the source.
   */
  async fill(buffer: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < buffer.byteLength && (await this.#hasMore())) {
      const bytes = this.#rest.subarray(0, buffer.byteLength - filled);
      buffer.set(bytes, filled);
      filled += bytes.byteLength;
      this.#rest = this.#rest.subarray(bytes.byteLength);
    }
    this.#at += filled;
    const isShort = filled < buffer.byteLength && this.#size !== Number.POSITIVE_INFINITY;
    if (isShort) throw new WrongSize(this.#size, this.#at);
    if (this.#at === this.#end && (await this.#hasMore())) {
      throw new WrongSize(this.#size, this.#size + 1);
    }
    return filled;
  }

  /** Stops reading; without effect after the end. */
  cancel(reason?: unknown): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#reader.cancel(reason).catch(() => undefined);
  }

  /** Waits for the next byte or the end. */
  async #hasMore(): Promise<boolean> {
    this.#signal.throwIfAborted();
    while (this.#rest.byteLength === 0 && !this.#isDone) {
      const { done, value } = await this.#reader.read();
      this.#signal.throwIfAborted();
      if (done) this.#signal.removeEventListener('abort', this.#onAbort);
      this.#isDone = done;
      this.#rest = value ?? this.#rest;
    }
    return this.#rest.byteLength > 0;
  }
}
