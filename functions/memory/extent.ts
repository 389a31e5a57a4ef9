/** How far a file may be read by now. */
export interface Extent {
  /** Bytes from the file's start that may be read. */
  readonly readable: number;
  /** True when no more will come: the file is `readable` bytes long. */
  readonly ended: boolean;
  /** Why the file will never end; undefined while it may. */
  readonly failure: Error | undefined;
  /** Calls back on every change, until the returned function is called. */
  watch(changed: () => void): () => void;
}

/** The extent of a file that is whole. */
export function wholeExtent(size: number): Extent {
  return { readable: size, ended: true, failure: undefined, watch: () => () => undefined };
}

/** The extent of a file that is being written. */
export class GrowingExtent implements Extent {
  readable = 0;
  ended = false;
  failure: Error | undefined;
  /** Its final size as stated, in bytes; undefined when nobody did. */
  readonly #stated: number | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(stated: number | undefined) {
    this.#stated = stated;
  }

  /**
   * So many bytes are written. The last byte is held back until all are verified; where the size is
   * unknown every byte may be the last.
   */
  grow(written: number): void {
    const readable = Math.min(written, (this.#stated ?? written) - 1);
    if (readable <= this.readable || this.ended || this.failure !== undefined) return;
    this.readable = readable;
    this.#changed();
  }

  /** All bytes are verified: the last ones may be read as well. */
  end(size: number): void {
    this.readable = size;
    this.ended = true;
    this.#changed();
  }

  /** The bytes are wrong or will not come: whoever reads gets the error. */
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
