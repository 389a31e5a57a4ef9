import { type ByteRead, type ByteReader, noMoreBytes } from '../../bytes/byte-reader.ts';
import type { BlobSource } from '../../ports/blob-store.ts';
import type { BlobOpening, BlobSlice } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { BlobRefused } from '../blob-fill.ts';
import { type SourceWatch, TooSlow } from './pace.ts';

/** After this many requests without progress, the source gives up. */
const mostAttempts = 5;

/** Fewer bytes do not count as progress: an upstream that sends one at a time is broken. */
const leastProgress = 64 * 1024;
const firstPause = 250;

/** A blob at an upstream. If the body breaks off, it resumes there with a Range request. */
export class UpstreamSource implements BlobSource {
  /** Resolves when the upstream starts to send bytes; rejects when it does not. */
  readonly answered: Promise<void>;
  /** Bytes read so far, for logs and metrics. */
  bytes = 0;
  /** True once bytes were requested from the upstream. */
  isOpened = false;
  readonly slices: () => Promise<number>;
  readonly #openAt: (slice: BlobSlice) => Promise<BlobOpening>;
  readonly #size: number | undefined;
  readonly #signal: AbortSignal;
  readonly #watch: SourceWatch | undefined;
  #settle: Settle = { resolve: () => undefined, reject: () => undefined };

  /** `size` is the manifest's, in bytes; undefined when it is unknown. */
  constructor(
    openAt: (slice: BlobSlice) => Promise<BlobOpening>,
    size: number | undefined,
    signal: AbortSignal,
    slices: () => Promise<number> = async () => 1,
    watch?: SourceWatch,
  ) {
    this.slices = slices;
    this.#openAt = openAt;
    this.#size = size;
    this.#signal = signal;
    this.#watch = watch;
    this.answered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.answered.catch(() => undefined);
  }

  open(start: number, end?: number): ByteReader {
    this.isOpened = true;
    return readSlice({
      open: (at) => this.#open(at, end),
      start,
      end: end ?? (this.#size === undefined ? undefined : this.#size - 1),
      signal: this.#signal,
      answered: this.#settle,
      received: (bytes) => {
        this.bytes += bytes;
      },
      watch: this.#watch,
    });
  }

  async #open(start: number, end: number | undefined): Promise<ByteReader> {
    const opening = await this.#openAt({ start, end });
    if (opening.kind !== 'found') throw new BlobRefused(opening);
    const { size, body } = opening;
    if (this.#size === undefined || size === undefined || size === this.#size) return body;
    await body.cancel();
    const message = `the upstream's blob has ${size} bytes, but the manifest states ${this.#size}`;
    throw new UpstreamError('invalid', message);
  }
}

interface Settle {
  resolve(): void;
  reject(reason: unknown): void;
}

interface SliceOptions {
  /** Requests the bytes from `at` to the slice's end. */
  readonly open: (at: number) => Promise<ByteReader>;
  readonly start: number;
  /** The slice's last byte; undefined if only the end of the body tells. */
  readonly end: number | undefined;
  readonly signal: AbortSignal;
  readonly answered: Settle;
  readonly received: (bytes: number) => void;
  readonly watch: SourceWatch | undefined;
}

function readSlice(options: SliceOptions): ByteReader {
  const { open, start, end, signal, answered, received, watch } = options;
  let at = start;
  /** The current body, until it breaks. */
  let reader: ByteReader | undefined;
  /** Consecutive requests without progress. */
  let attempts = 0;
  /** Bytes of the current request. */
  let gained = 0;
  let isCancelled = false;
  let failure: { readonly error: unknown } | undefined;
  /** Ends the pending read. */
  let endRead: () => void = () => undefined;

  async function next(): Promise<ByteRead> {
    while (!isCancelled) {
      if (failure !== undefined) throw failure.error;
      try {
        reader ??= await reopen();
        const read = await readFrom(reader);
        if (read.done) return ended();
        const { byteLength } = read.value;
        if (byteLength === 0) continue;
        at += byteLength;
        gained += byteLength;
        received(byteLength);
        watch?.arrived(byteLength, end === undefined ? undefined : end + 1 - at);
        return read;
      } catch (error) {
        await resume(error);
      }
    }
    return noMoreBytes;
  }

  async function readFrom(opened: ByteReader): Promise<ByteRead> {
    watch?.waiting();
    try {
      return await opened.read();
    } finally {
      watch?.waited();
    }
  }

  async function reopen(): Promise<ByteReader> {
    const opened = await open(at);
    if (isCancelled) await opened.cancel();
    answered.resolve();
    return opened;
  }

  function ended(): ByteRead {
    if (!isCancelled && end !== undefined && at <= end) {
      throw new UpstreamError('unreachable', 'the upstream ended the body too early');
    }
    return noMoreBytes;
  }

  /** Resolves when another request may be sent; otherwise rejects with the error. */
  async function resume(error: unknown): Promise<void> {
    reader?.cancel().catch(() => undefined);
    reader = undefined;
    attempts = gained >= leastProgress ? 1 : attempts + 1;
    gained = 0;
    if (!mayResume(error)) {
      failure = { error };
      answered.reject(error);
      throw error;
    }
    watch?.reopened();
    if (attempts > 1) await pause(firstPause * 2 ** (attempts - 2), signal);
  }

  /** Before the first byte a client waits, so only a broken connection is retried, and once. */
  function mayResume(error: unknown): boolean {
    if (signal.aborted || !(error instanceof UpstreamError)) return false;
    if (error instanceof TooSlow) return false;
    if (error.kind === 'invalid' || error.kind === 'credentials') return false;
    if (at === start) return error.kind === 'unreachable' && attempts < 2;
    return attempts < mostAttempts;
  }

  /** Starts at once, which sends the request and settles `answered`. */
  let first: Promise<ByteRead> | undefined = next();
  first.catch(() => undefined);

  return {
    read() {
      const read = first ?? next();
      first = undefined;
      if (isCancelled) return Promise.resolve(noMoreBytes);
      return new Promise((resolve, reject) => {
        endRead = () => resolve(noMoreBytes);
        read.then(resolve, reject);
      });
    },
    async cancel(reason) {
      isCancelled = true;
      answered.reject(reason);
      endRead();
      await reader?.cancel(reason);
    },
  };
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
