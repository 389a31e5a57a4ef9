import type { ByteReader } from '../../bytes/byte-reader.ts';

/** Reads bytes into buffers. Aborting its signal ends a read that waits, and cancels the reader. */
export class PartReader {
  readonly #reader: ByteReader;
  readonly #signal: AbortSignal;
  #rest: Uint8Array = new Uint8Array();
  #isDone = false;
  readonly #onAbort = () => this.cancel(this.#signal.reason);

  constructor(reader: ByteReader, signal: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * The next bytes, undefined at the end; rejects with the reader's error or the signal's reason.
   * They are the reader's own memory.
   */
  async next(): Promise<Uint8Array | undefined> {
    this.#signal.throwIfAborted();
    while (this.#rest.byteLength === 0) {
      if (this.#isDone) return undefined;
      const { done, value } = await this.#reader.read();
      this.#signal.throwIfAborted();
      if (done) this.#end();
      else this.#rest = value;
    }
    const bytes = this.#rest;
    this.#rest = new Uint8Array();
    return bytes;
  }

  /** Fills a buffer; resolves to how many bytes there were: fewer only at the end. */
  async fill(buffer: Uint8Array): Promise<number> {
    let at = 0;
    while (at < buffer.byteLength) {
      const bytes = await this.next();
      if (bytes === undefined) break;
      const fitting = bytes.subarray(0, buffer.byteLength - at);
      buffer.set(fitting, at);
      at += fitting.byteLength;
      this.#rest = bytes.subarray(fitting.byteLength);
    }
    return at;
  }

  /** True when no byte is left. Waits for the next or the end. */
  async isAtEnd(): Promise<boolean> {
    const bytes = await this.next();
    this.#rest = bytes ?? this.#rest;
    return bytes === undefined;
  }

  #end(): void {
    this.#isDone = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  /** Ends the reading; without effect when it ended. */
  cancel(reason: unknown): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#reader.cancel(reason).catch(() => undefined);
  }
}
