import { PartReader } from '../../core/bucket/put/part-reader.ts';
import { type BlobSource, type Mismatch, wrongSize } from '../../core/ports/blob-store.ts';
import { bufferBytes, type PutBuffers } from './put-buffers.ts';

/** The source gave fewer bytes than were wanted, or more. */
export class WrongSize extends Error {
  override readonly name = 'WrongSize';
  readonly outcome: Mismatch;

  constructor(expected: number, got: number) {
    const outcome = wrongSize(expected, got);
    super(outcome.reason);
    this.outcome = outcome;
  }
}

/** What is read, and by what means. */
export interface ReadingAhead {
  readonly source: BlobSource;
  /** Of the blob, in bytes. */
  readonly size: number;
  /** How many slices are read side by side. */
  readonly lanes: number;
  readonly buffers: PutBuffers;
  /** Ends it: the slices reject with the reason. */
  readonly signal: AbortSignal;
}

/** A buffer, and what of it was read. */
interface Slice {
  readonly buffer: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * Reads a blob ahead into buffers, in slices side by side or from one stream, and gives the slices in
 * their order. What a source gives is copied: to keep its many small chunks until their turn costs
 * the garbage collector far more than that.
 */
export class ReadAhead {
  readonly #reading: ReadingAhead;
  /** In order; those that wait and those that are read. */
  readonly #slices: Promise<Slice>[] = [];
  /** What a single lane reads from its beginning to its end. */
  #stream: PartReader | undefined;
  #taken = 0;

  constructor(reading: ReadingAhead) {
    this.#reading = reading;
  }

  /**
   * The slices; the memory of one is used again when the next is asked for. The last is given only
   * when it is sure that nothing follows. Throws a WrongSize for too few bytes or too many.
   */
  async *slices(): AsyncGenerator<Uint8Array> {
    const { lanes, buffers } = this.#reading;
    for (let lane = 0; lane < lanes; lane++) this.#begin();
    for (let next = this.#slices.shift(); next !== undefined; next = this.#slices.shift()) {
      const { buffer, bytes } = await next;
      this.#begin();
      try {
        yield bytes;
      } finally {
        buffers.release(buffer);
      }
    }
  }

  /** Gives back the memory of slices that nobody asked for; its signal must be aborted before. */
  async close(): Promise<void> {
    this.#stream?.cancel(new Error('no more of it is needed'));
    for (const slice of await Promise.allSettled(this.#slices.splice(0))) {
      if (slice.status === 'fulfilled') this.#reading.buffers.release(slice.value.buffer);
    }
  }

  /** Begins with the next slice, if there is one. Memory is given in this order. */
  #begin(): void {
    const { size } = this.#reading;
    const start = this.#taken;
    if (start >= size) return;
    this.#taken = Math.min(start + bufferBytes, size);
    const slice = this.#read(start, this.#taken - start);
    // Nobody may look at it any more when it fails.
    slice.catch(() => undefined);
    this.#slices.push(slice);
  }

  async #read(start: number, wanted: number): Promise<Slice> {
    const { buffers, size, signal } = this.#reading;
    const buffer = await buffers.acquire(bufferBytes, signal);
    let reader: PartReader | undefined;
    try {
      reader = this.#open(start, wanted);
      const bytes = buffer.subarray(0, wanted);
      const got = await reader.fill(bytes);
      if (got < wanted) throw new WrongSize(size, start + got);
      const isLast = start + wanted === size;
      if ((isLast || reader !== this.#stream) && !(await reader.isAtEnd())) {
        throw new WrongSize(size, size + 1);
      }
      return { buffer, bytes };
    } catch (error) {
      reader?.cancel(error);
      buffers.release(buffer);
      throw error;
    }
  }

  #open(start: number, wanted: number): PartReader {
    const { source, lanes, signal } = this.#reading;
    if (lanes > 1) return new PartReader(source.open(start, start + wanted - 1), signal);
    this.#stream ??= new PartReader(source.open(0), signal);
    return this.#stream;
  }
}
