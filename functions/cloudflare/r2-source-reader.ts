import type { ByteReader } from '../core/oci/byte-reader.ts';
import type { BlobSource } from '../core/ports/blob-store.ts';

/**
 * What is handed on at a time, in bytes. workerd's own streams give 4 KiB a read, and hashing and
 * sending costs more for each portion than for what is in it.
 */
const portion = 256 * 1024;

/** From where, and until when, a source is read. */
export interface SourceReaderOptions {
  readonly start: number;
  /** An abort cancels the source, and the reading rejects with its reason. */
  readonly signal: AbortSignal | undefined;
  /** When the source is cancelled as if it had ended, in ms since 1970; undefined: never. */
  readonly pauseAt?: number | undefined;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** The bytes of a source in the portions that a put takes. Rejects with the source's own error. */
export class SourceReader {
  readonly #reader: ByteReader;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.#cancel(this.#signal?.reason);
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #isTime = () => false;
  #left: Uint8Array | undefined;
  #isPausing = false;

  constructor(source: BlobSource, { start, signal, pauseAt, now }: SourceReaderOptions) {
    this.#reader = source.open(start);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (pauseAt === undefined) return;
    this.#isTime = () => now() >= pauseAt;
    // Ends a read that waits for an upstream which sends nothing. Where bytes come without a pause
    // workerd runs no timer, so the clock is looked at as well.
    this.#timer = setTimeout(() => this.#pause(), Math.max(0, pauseAt - now()));
  }

  /** True when time is up: no more bytes come, though there may be more. */
  get isPausing(): boolean {
    if (!this.#isPausing && this.#isTime()) this.#pause();
    return this.#isPausing;
  }

  /** At most `most` of the next bytes, and at least one; undefined at the end. */
  async next(most: number): Promise<Uint8Array | undefined> {
    const wanted = Math.min(most, portion);
    const piece = await this.#piece(most);
    if (piece === undefined || piece.byteLength >= wanted) return piece;
    const bytes = new Uint8Array(wanted);
    bytes.set(piece);
    const count = await this.fill(bytes.subarray(piece.byteLength));
    return bytes.subarray(0, piece.byteLength + count);
  }

  /** Fills `target` from its start; resolves to how many bytes came before the end. */
  async fill(target: Uint8Array): Promise<number> {
    let at = 0;
    while (at < target.byteLength) {
      const bytes = await this.#piece(target.byteLength - at);
      if (bytes === undefined) break;
      target.set(bytes, at);
      at += bytes.byteLength;
    }
    return at;
  }

  /** What the source gave in one chunk, or what is left of it. */
  async #piece(most: number): Promise<Uint8Array | undefined> {
    while (this.#left === undefined || this.#left.byteLength === 0) {
      if (this.isPausing) return undefined;
      const { done, value } = await this.#reader.read();
      this.#signal?.throwIfAborted();
      if (done) return undefined;
      this.#left = value;
    }
    const bytes = this.#left.subarray(0, most);
    this.#left = this.#left.subarray(bytes.byteLength);
    return bytes;
  }

  /** Ends the reading, also of a source that has more. Must be called in the end. */
  close(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#cancel();
  }

  #pause(): void {
    this.#isPausing = true;
    this.#cancel();
  }

  #cancel(reason?: unknown): void {
    this.#reader.cancel(reason).catch(() => undefined);
  }
}
