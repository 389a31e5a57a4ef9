import type { ByteReader } from '../../../../functions/core/bytes/byte-reader.ts';

/** A body of an upstream that a test feeds by hand, chunk by chunk. */
export class FedBody {
  readonly reader: ByteReader;
  /** Resolves when nobody wants more of it. */
  readonly cancelled: Promise<void>;
  isCancelled = false;
  #isOver = false;
  /** Resolves when it is read. */
  #asked: Promise<void>;
  #onAsked: () => void = () => undefined;
  #give: (chunk: Uint8Array | undefined) => void = () => undefined;

  constructor() {
    this.#asked = this.#nextAsked();
    let onCancel = () => {};
    this.cancelled = new Promise((resolve) => {
      onCancel = resolve;
    });
    this.reader = {
      read: () => {
        if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
        const given = new Promise<Uint8Array | undefined>((resolve) => {
          this.#give = resolve;
        });
        this.#onAsked();
        return given.then((value) =>
          value === undefined ? { done: true, value } : { done: false, value },
        );
      },
      cancel: async () => {
        this.isCancelled = true;
        this.#isOver = true;
        onCancel();
        this.#give(undefined);
      },
    };
  }

  /** Resolves once somebody waits for bytes. */
  get asked(): Promise<void> {
    return this.#asked;
  }

  /** Gives a chunk, or the end, to who waits for it. */
  async give(chunk: Uint8Array | undefined): Promise<void> {
    await this.#asked;
    this.#asked = this.#nextAsked();
    this.#isOver = chunk === undefined;
    this.#give(chunk?.slice());
  }

  #nextAsked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }
}
