import { type ByteRead, type ByteReader, noMoreBytes } from '../../oci/byte-reader.ts';
import type { BlobSource } from '../../ports/blob-store.ts';
import type { BlobOpening, BlobSlice, Refused } from '../../upstream/upstream.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';

/** Openings without progress after which a source is given up. */
const mostAttempts = 5;

/** Fewer bytes than these are no progress: an upstream that sends one at a time is broken. */
const progress = 64 * 1024;
const firstPause = 250;

/** The upstream said that the blob is not there, or not for us: nothing to try again. */
export class BlobRefused extends Error {
  readonly refusal: Refused;

  constructor(refusal: Refused) {
    super(`the upstream answered that the blob is ${refusal.kind}`);
    this.name = 'BlobRefused';
    this.refusal = refusal;
  }
}

/** A blob at an upstream, read without a gap: a break is resumed by Range where it happened. */
export class UpstreamSource implements BlobSource {
  /** Resolves when the upstream began to answer with bytes; rejects when it did not. */
  readonly answered: Promise<void>;
  /** Bytes read so far, for logs and metrics. */
  bytes = 0;
  readonly slices: () => Promise<number>;
  readonly #openAt: (slice: BlobSlice) => Promise<BlobOpening>;
  readonly #size: number | undefined;
  readonly #signal: AbortSignal;
  #settle: Answered;

  /** `size` is what the manifest says, in bytes; undefined when nobody said. */
  constructor(
    openAt: (slice: BlobSlice) => Promise<BlobOpening>,
    size: number | undefined,
    signal: AbortSignal,
    slices: () => Promise<number> = async () => 1,
  ) {
    this.slices = slices;
    this.#openAt = openAt;
    this.#size = size;
    this.#signal = signal;
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.answered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.answered.catch(() => undefined);
  }

  open(start: number, end?: number): ByteReader {
    return new SliceReader({
      open: (at) => this.#open(at, end),
      start,
      end: end ?? (this.#size === undefined ? undefined : this.#size - 1),
      signal: this.#signal,
      answered: this.#settle,
      received: (bytes) => {
        this.bytes += bytes;
      },
    });
  }

  async #open(start: number, end: number | undefined): Promise<ByteReader> {
    const opening = await this.#openAt({ start, end });
    if (opening.kind !== 'found') throw new BlobRefused(opening);
    const { size, body } = opening;
    if (this.#size === undefined || size === undefined || size === this.#size) return body;
    await body.cancel();
    throw new UpstreamError(
      'invalid',
      `the upstream's blob has ${size} bytes where the manifest says ${this.#size}`,
    );
  }
}

interface Answered {
  resolve(): void;
  reject(reason: unknown): void;
}

interface SliceOptions {
  /** Asks the upstream for the bytes from `at` to the slice's end. */
  readonly open: (at: number) => Promise<ByteReader>;
  readonly start: number;
  /** The slice's last byte; undefined when only the end of the body tells. */
  readonly end: number | undefined;
  readonly signal: AbortSignal;
  readonly answered: Answered;
  readonly received: (bytes: number) => void;
}

class SliceReader implements ByteReader {
  readonly #options: SliceOptions;
  #at: number;
  /** What it reads from now, until that breaks. */
  #reader: ByteReader | undefined;
  /** Openings one after the other that gave next to nothing. */
  #barren = 0;
  /** Bytes of this opening. */
  #gained = 0;
  #isCancelled = false;
  #failure: { readonly error: unknown } | undefined;
  /** The first read, which is made at once: so the upstream is asked, and `answered` settles. */
  #ahead: Promise<ByteRead> | undefined;
  /** Ends the read under way. */
  #leave: () => void = () => undefined;

  constructor(options: SliceOptions) {
    this.#options = options;
    this.#at = options.start;
    this.#ahead = this.#next();
    this.#ahead.catch(() => undefined);
  }

  read(): Promise<ByteRead> {
    const next = this.#ahead ?? this.#next();
    this.#ahead = undefined;
    if (this.#isCancelled) return Promise.resolve(noMoreBytes);
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve(noMoreBytes);
      next.then(resolve, reject);
    });
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#isCancelled = true;
    this.#options.answered.reject(reason);
    this.#leave();
    await this.#reader?.cancel(reason);
  }

  async #next(): Promise<ByteRead> {
    while (!this.#isCancelled) {
      if (this.#failure !== undefined) throw this.#failure.error;
      try {
        this.#reader ??= await this.#reopen();
        const next = await this.#reader.read();
        if (next.done) return this.#ended();
        const { byteLength } = next.value;
        if (byteLength === 0) continue;
        this.#at += byteLength;
        this.#gained += byteLength;
        this.#options.received(byteLength);
        return next;
      } catch (error) {
        await this.#resume(error);
      }
    }
    return noMoreBytes;
  }

  async #reopen(): Promise<ByteReader> {
    const { open, answered } = this.#options;
    const reader = await open(this.#at);
    if (this.#isCancelled) await reader.cancel();
    answered.resolve();
    return reader;
  }

  #ended(): ByteRead {
    const { end } = this.#options;
    if (!this.#isCancelled && end !== undefined && this.#at <= end) {
      throw new UpstreamError('unreachable', 'the upstream ended the blob too early');
    }
    return noMoreBytes;
  }

  /** Resolves when the upstream may be asked again; rejects with the error when it may not. */
  async #resume(error: unknown): Promise<void> {
    const { answered, signal } = this.#options;
    this.#reader?.cancel().catch(() => undefined);
    this.#reader = undefined;
    this.#barren = this.#gained >= progress ? 1 : this.#barren + 1;
    this.#gained = 0;
    if (!this.#mayResume(error)) {
      this.#failure = { error };
      answered.reject(error);
      throw error;
    }
    if (this.#barren > 1) await pause(firstPause * 2 ** (this.#barren - 2), signal);
  }

  /** Before the first byte a client waits, so only a broken connection is tried again, once. */
  #mayResume(error: unknown): boolean {
    const { signal, start } = this.#options;
    if (signal.aborted || !(error instanceof UpstreamError)) return false;
    if (error.kind === 'invalid' || error.kind === 'credentials') return false;
    if (this.#at === start) return error.kind === 'unreachable' && this.#barren < 2;
    return this.#barren < mostAttempts;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
