import { type ByteRead, type ByteReader, noMoreBytes } from '../oci/byte-reader.ts';
import { fetchFailure } from './fetch-failure.ts';
import { type StallWatch, watchStall } from './stall.ts';
import { invalidAnswer, UpstreamError } from './upstream-error.ts';

/** Which part of a response's body is passed on, and how long a silence is borne. */
export interface BlobBodyOptions {
  /** Names the registry and the purpose, for errors. */
  readonly what: string;
  /** Bytes at the beginning that were not asked for. */
  readonly skip: number;
  /** Bytes that are passed on; undefined when only the end of the body tells. */
  readonly length: number | undefined;
  /** True when the response goes on after `length`, and that is to be cut off. */
  readonly cut: boolean;
  /** Milliseconds without a byte. */
  readonly stallTimeout: number;
}

/**
 * Passes a body on as it is read, without a buffer of its own. A read rejects with an UpstreamError
 * when bytes are missing (`unreachable`), too many (`invalid`) or late (`timeout`).
 */
export class BlobBody implements ByteReader {
  readonly #reader: ByteReader;
  readonly #options: BlobBodyOptions;
  readonly #watch: StallWatch;
  #skip: number;
  #left: number;
  #stalled = false;
  #isOver = false;

  constructor(reader: ByteReader, options: BlobBodyOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#skip = options.skip;
    this.#left = options.length ?? Number.POSITIVE_INFINITY;
    this.#watch = watchStall(options.stallTimeout, () => {
      this.#stalled = true;
      this.#giveUp();
    });
  }

  async read(): Promise<ByteRead> {
    try {
      while (!this.#isOver) {
        const chunk = await this.#next();
        if (chunk === undefined) {
          this.#end();
          break;
        }
        const value = this.#wanted(chunk);
        if (this.#options.cut && this.#left === 0) {
          this.#end();
          this.#giveUp();
        }
        if (value.byteLength > 0) return { done: false, value };
      }
      return noMoreBytes;
    } catch (error) {
      this.#end();
      this.#giveUp();
      throw fetchFailure(this.#options.what, error, 'the body broke off');
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#end();
    await this.#reader.cancel(reason);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { what } = this.#options;
    this.#watch.waiting();
    const { done, value } = await this.#reader.read();
    this.#watch.arrived();
    if (this.#stalled) throw new UpstreamError('timeout', `${what}: the body stalled`);
    // Somebody cancelled meanwhile, and looks at nothing of this any more.
    if (this.#isOver) return undefined;
    if (!done) return value;
    const short = this.#skip > 0 || (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY);
    if (short) throw new UpstreamError('unreachable', `${what}: the body ended early`);
    return undefined;
  }

  /** The part of a chunk to pass on, perhaps empty. */
  #wanted(chunk: Uint8Array): Uint8Array {
    const { what, cut } = this.#options;
    const from = Math.min(this.#skip, chunk.byteLength);
    this.#skip -= from;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (rest.byteLength > this.#left && !cut) {
      throw invalidAnswer(what, 'a longer body than announced');
    }
    const part = rest.byteLength > this.#left ? rest.subarray(0, this.#left) : rest;
    this.#left -= part.byteLength;
    return part;
  }

  #end(): void {
    this.#isOver = true;
    this.#watch.stop();
  }

  #giveUp(): void {
    this.#reader.cancel().catch(() => undefined);
  }
}
