import { PartReader } from '../../core/bucket/put/part-reader.ts';
import type { PutMemory } from '../../core/bucket/put/target.ts';
import type { BlobSource } from '../../core/ports/blob-store.ts';

/** What to read, and how. Sizes are in bytes. */
export interface ReadAheadOptions {
  readonly source: BlobSource;
  readonly start: number;
  /** Of the whole blob; undefined if it is unknown, and then there must be one lane. */
  readonly size: number | undefined;
  /** The size of all slices but the last. */
  readonly sliceBytes: number;
  /** How many slices are read at a time. */
  readonly lanes: number;
  readonly buffers: PutMemory;
  /** Stops the reading; the slices reject with the reason. */
  readonly signal: AbortSignal;
  /**
   * Called with each slice as soon as it is read, in any order; `index` counts from 0. The memory is
   * not used again before this resolves. It must not reject.
   */
  readonly onRead?: (bytes: Uint8Array, index: number) => Promise<void>;
}

/** A slice in its buffer; `bytes` is undefined after the end of a blob of unknown size. */
interface Slice {
  readonly buffer: Uint8Array;
  readonly bytes: Uint8Array | undefined;
  /** The result of `onRead`. */
  readonly used: Promise<void> | undefined;
}

/**
 * Reads a blob ahead into buffers, several slices at a time or from one stream, and yields the slices
 * in order. Bytes are copied: holding the many small chunks of a source costs the garbage collector
 * far more.
 */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  /** In order, those still being read included. */
  readonly #slices: Promise<Slice>[] = [];
  /** What a single lane reads from. */
  #stream: PartReader | undefined;
  #next: number;
  #count = 0;
  #isEnded = false;

  constructor(options: ReadAheadOptions) {
    this.#options = options;
    this.#next = options.start;
  }

  /**
   * Yields the slices. The memory of one may be used again when the next is requested. The last is
   * yielded only when nothing follows it in the source. Throws a WrongSize.
   */
  async *slices(): AsyncGenerator<Uint8Array> {
    for (let lane = 0; lane < this.#options.lanes; lane++) this.#begin();
    for (let next = this.#slices.shift(); next !== undefined; next = this.#slices.shift()) {
      const slice = await next;
      this.#begin();
      try {
        if (slice.bytes !== undefined) yield slice.bytes;
      } finally {
        this.#release(slice);
      }
    }
  }

  /** Releases the memory of all slices. Unless they all were yielded, abort the signal before. */
  async close(): Promise<void> {
    this.#stream?.cancel();
    for (const slice of await Promise.allSettled(this.#slices.splice(0))) {
      if (slice.status === 'fulfilled') this.#release(slice.value);
    }
  }

  /** Begins the next slice, if there is one. Memory is acquired in the order of the slices. */
  #begin(): void {
    const { size = Number.POSITIVE_INFINITY, sliceBytes } = this.#options;
    const start = this.#next;
    if (this.#isEnded || start >= size) return;
    this.#next = Math.min(start + sliceBytes, size);
    const slice = this.#read(start, this.#next, this.#count++);
    // Unless it is its turn, a failed slice must not cause an unhandled rejection.
    slice.catch(() => undefined);
    this.#slices.push(slice);
  }

  async #read(start: number, end: number, index: number): Promise<Slice> {
    const { buffers, sliceBytes, signal, onRead } = this.#options;
    const buffer = await buffers.acquire(sliceBytes, signal);
    let reader: PartReader | undefined;
    try {
      reader = this.#open(start, end);
      const length = await reader.fill(buffer.subarray(0, end - start));
      this.#isEnded ||= length < end - start;
      // An empty blob has one slice.
      const bytes = length > 0 || start === 0 ? buffer.subarray(0, length) : undefined;
      return { buffer, bytes, used: bytes && onRead?.(bytes, index) };
    } catch (error) {
      reader?.cancel(error);
      buffers.release(buffer);
      throw error;
    }
  }

  #open(start: number, end: number): PartReader {
    const { source, size, lanes, signal } = this.#options;
    if (lanes > 1) return new PartReader(source, { start, end, size }, signal);
    this.#stream ??= new PartReader(source, { start, size }, signal);
    return this.#stream;
  }

  #release({ buffer, used }: Slice): void {
    const { buffers } = this.#options;
    if (used === undefined) buffers.release(buffer);
    else void used.then(() => buffers.release(buffer));
  }
}
