import type { Extent } from '../../memory/extent.ts';
import type { OpenFile } from './open-file.ts';

/** The reader closed a slice while it was waiting for it. */
class SliceClosed extends Error {
  constructor() {
    super('the reader closed the slice');
    this.name = 'SliceClosed';
  }
}

/**
 * A range of a file, read once from its start to its end, also while the file still grows. It must
 * be closed, by however many callers: the file is let go exactly once.
 */
export class FileSlice {
  readonly #file: Promise<OpenFile>;
  readonly #extent: Extent;
  readonly #end: number;
  #opened: OpenFile | undefined;
  #position: number;
  #closed = false;
  #isReading = false;
  #isReleased = false;
  #wake: (() => void) | undefined;

  /**
   * `file` is this slice's own use of it. `end` is the first byte after it; infinity for one
   * that ends with the file.
   */
  constructor(file: Promise<OpenFile>, extent: Extent, start: number, end: number) {
    this.#file = file;
    this.#extent = extent;
    this.#position = start;
    this.#end = end;
    file.then(
      (opened) => {
        this.#opened = opened;
      },
      // It is thrown where the slice is read.
      () => undefined,
    );
  }

  /** How many bytes may be read without waiting; 0 also at the end, and where it will fail. */
  get ready(): number {
    if (this.#closed || this.#extent.failure !== undefined) return 0;
    return Math.max(0, Math.min(this.#end, this.#extent.readable) - this.#position);
  }

  /**
   * Waits until there is something to read. Resolves to how many bytes may be read at once, 0 at
   * the end; rejects when the bytes turned out wrong, or when the slice was closed.
   */
  async available(): Promise<number> {
    for (;;) {
      if (this.#closed) throw new SliceClosed();
      if (this.#position >= this.#end) return 0;
      const { failure, readable, ended } = this.#extent;
      if (failure !== undefined) throw failure;
      const count = Math.min(this.#end, readable) - this.#position;
      if (count > 0) return count;
      if (ended) return 0;
      await this.#change();
    }
  }

  /**
   * Reads the next bytes, not more than `available` said; resolves to how many came. An open file
   * begins to be read before this returns. One call at a time.
   */
  async read(target: Uint8Array, length: number): Promise<number> {
    this.#isReading = true;
    try {
      const file = this.#opened ?? (await this.#file);
      if (this.#closed) throw new SliceClosed();
      const count = await file.readInto(target, length, this.#position);
      if (count === 0) throw new Error('a stored blob is shorter than it was');
      this.#position += count;
      return count;
    } finally {
      this.#isReading = false;
      if (this.#closed) this.#release();
    }
  }

  /** Lets go of the file, and ends a wait for more bytes. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
    // A read under way still uses the descriptor: it lets go when it is done.
    if (!this.#isReading) this.#release();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        forget();
        this.#wake = undefined;
        resolve();
      };
      const forget = this.#extent.watch(wake);
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
