/** How far a blob can be read at present. */
export interface Extent {
  /** How many bytes from the start may be read. */
  readonly readable: number;
  /** True if the blob is complete: it is `readable` bytes long. */
  readonly ended: boolean;
  /** Why the blob will never be complete, if so. */
  readonly failure: Error | undefined;
  /** Calls `changed` on every change, until the returned function is called. */
  watch(changed: () => void): () => void;
}

/** The extent of a complete blob. */
export function wholeExtent(size: number): Extent {
  return { readable: size, ended: true, failure: undefined, watch: () => () => undefined };
}

/** The extent of a blob that is being written. */
export class GrowingExtent implements Extent {
  readable = 0;
  ended = false;
  failure: Error | undefined;
  /** The final size in bytes, if known. */
  readonly #stated: number | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(stated: number | undefined) {
    this.#stated = stated;
  }

  /**
   * Reports how many bytes are written. The last byte is held back until all are verified; if the size
   * is unknown, every byte may be the last.
   */
  grow(written: number): void {
    const readable = Math.min(written, (this.#stated ?? written) - 1);
    if (readable <= this.readable || this.ended || this.failure !== undefined) return;
    this.readable = readable;
    this.#changed();
  }

  /** Reports that all bytes are verified, so that the last one may be read too. */
  end(size: number): void {
    this.readable = size;
    this.ended = true;
    this.#changed();
  }

  /** Reports that the bytes are wrong or will not arrive; readers get the error. */
  fail(failure: Error): void {
    if (this.ended) return;
    this.failure ??= failure;
    this.#changed();
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  #changed(): void {
    for (const changed of [...this.#watchers]) changed();
  }
}
