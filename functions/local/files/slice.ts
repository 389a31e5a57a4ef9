import type { ByteRange } from '../../core/headers/range.ts';
import type { Extent } from '../../memory/extent.ts';
import type { OpenFile } from './open-file.ts';

/**
 * A range of a file, read once from start to end, even while the file grows. It must be closed to
 * release the file; closing it again has no effect.
 */
export class FileSlice {
  readonly #file: Promise<OpenFile>;
  readonly #extent: Extent;
  readonly #end: number;
  #opened: OpenFile | undefined;
  #position: number;
  #isClosed = false;
  #isReading = false;
  #isReleased = false;
  #wake: (() => void) | undefined;

  /** Takes over one use of `file`. Without a range it ends where the file ends. */
  constructor(file: Promise<OpenFile>, extent: Extent, range: ByteRange | undefined) {
    this.#file = file;
    this.#extent = extent;
    this.#position = range?.start ?? 0;
    this.#end = range === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
    file.then(
      (opened) => {
        this.#opened = opened;
      },
      // `read` reports it.
      () => undefined,
    );
  }

  /** How many bytes can be read without waiting; 0 at the end, and if reading will fail. */
  get ready(): number {
    if (this.#isClosed || this.#extent.failure !== undefined) return 0;
    return Math.max(0, Math.min(this.#end, this.#extent.readable) - this.#position);
  }

  /**
   * Waits for bytes. Resolves to how many can be read, 0 at the end. Rejects if the bytes turn out to
   * be wrong or the slice is closed.
   */
  async available(): Promise<number> {
    for (;;) {
      if (this.#isClosed) throw closedError();
      if (this.#position >= this.#end) return 0;
      if (this.#extent.failure !== undefined) throw this.#extent.failure;
      if (this.ready > 0 || this.#extent.ended) return this.ready;
      await this.#change();
    }
  }

  /**
   * Reads up to `length` bytes, at most what `available` reported; resolves to how many were read. If
   * the file is open, the read starts before this returns. One call at a time.
   */
  async read(target: Uint8Array, length: number): Promise<number> {
    this.#isReading = true;
    try {
      const file = this.#opened ?? (await this.#file);
      if (this.#isClosed) throw closedError();
      const count = await file.readInto(target, length, this.#position);
      this.#position += count;
      return count;
    } finally {
      this.#isReading = false;
      if (this.#isClosed) this.#release();
    }
  }

  /** Releases the file and ends a wait for bytes. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    // A read in progress still uses the descriptor and releases it when it is done.
    if (!this.#isReading) this.#release();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        unwatch();
        this.#wake = undefined;
        resolve();
      };
      const unwatch = this.#extent.watch(wake);
      this.#wake = wake;
    });
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#file.then(
      (file) => file.release(),
      () => undefined,
    );
  }
}

function closedError(): Error {
  return new Error('the reader closed the slice');
}
