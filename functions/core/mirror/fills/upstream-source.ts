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
  #settle: { resolve(): void; reject(reason: unknown): void };

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

  open(start: number, end?: number): ReadableStream<Uint8Array> {
    const expectedEnd = end ?? (this.#size === undefined ? undefined : this.#size - 1);
    let at = start;
    let barren = 0;
    let gained = 0;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

    const reopen = async () => {
      const opening = await this.#openAt({ start: at, end });
      if (opening.kind !== 'found') throw new BlobRefused(opening);
      if (this.#size !== undefined && opening.size !== undefined && opening.size !== this.#size) {
        await opening.body.cancel();
        throw new UpstreamError(
          'invalid',
          `the upstream's blob has ${opening.size} bytes where the manifest says ${this.#size}`,
        );
      }
      this.#settle.resolve();
      return opening.body.getReader();
    };

    /** The next bytes, or undefined at the end; rejects when the upstream breaks. */
    const read = async () => {
      reader ??= await reopen();
      const { done, value } = await reader.read();
      if (!done) return value;
      if (expectedEnd !== undefined && at <= expectedEnd) {
        throw new UpstreamError('unreachable', 'the upstream ended the blob too early');
      }
      return undefined;
    };

    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      for (;;) {
        try {
          const bytes = await read();
          if (bytes === undefined) return controller.close();
          if (bytes.byteLength === 0) continue;
          at += bytes.byteLength;
          this.bytes += bytes.byteLength;
          gained += bytes.byteLength;
          return controller.enqueue(bytes);
        } catch (error) {
          reader?.cancel().catch(() => undefined);
          reader = undefined;
          barren = gained >= progress ? 1 : barren + 1;
          gained = 0;
          if (!this.#mayResume(error, at > start, barren)) {
            this.#settle.reject(error);
            return controller.error(error);
          }
          if (barren > 1) await pause(firstPause * 2 ** (barren - 2), this.#signal);
        }
      }
    };

    const cancel = async (reason: unknown) => {
      this.#settle.reject(reason);
      await reader?.cancel(reason);
    };
    // One chunk is read ahead, so that the upstream is asked at once and `answered` settles.
    return new ReadableStream({ pull, cancel }, { highWaterMark: 1 });
  }

  /** Before the first byte a client waits, so only a broken connection is tried again, once. */
  #mayResume(error: unknown, hasBegun: boolean, barren: number): boolean {
    if (this.#signal.aborted || !(error instanceof UpstreamError)) return false;
    if (error.kind === 'invalid' || error.kind === 'credentials') return false;
    if (!hasBegun) return error.kind === 'unreachable' && barren < 2;
    return barren < mostAttempts;
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
