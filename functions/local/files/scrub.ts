import { setTimeout as pause } from 'node:timers/promises';
import type { Digest } from '../../core/oci/digest.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import type { FileBlobStore } from './blob-store.ts';

/** How long reading every blob once takes, and how often the scrub looks what is due, in ms. */
const period = 30 * 86_400_000;
const interval = 60_000;

/** How fast a blob is read at most, in bytes per ms, unless the store is too large for that. */
const gentle = 8 * 1024;

/** Where the scrub is, which survives a restart. */
export interface ScrubPosition {
  /** The blob that was verified last. */
  read(): Digest | undefined;
  write(digest: Digest): Promise<void>;
}

/**
 * Reads every blob once in 30 days, slowly and in the order of the digests, so that a blob that is
 * never requested does not stay corrupt until its registry is gone.
 */
export class Scrub {
  readonly #store: Pick<FileBlobStore, 'after' | 'readAgain' | 'usedBytes'>;
  readonly #position: ScrubPosition;
  readonly #onProblem: (reason: string) => void;
  readonly #stopping = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** How many bytes are due; negative after a large blob. */
  #due = 0;
  #running: Promise<void> | undefined;

  /** Starts it. */
  constructor(
    store: Pick<FileBlobStore, 'after' | 'readAgain' | 'usedBytes'>,
    position: ScrubPosition,
    onProblem: (reason: string) => void,
  ) {
    this.#store = store;
    this.#position = position;
    this.#onProblem = onProblem;
    this.#timer = setInterval(() => {
      this.#running ??= this.#run()
        .catch((error: unknown) => this.#report(error))
        .finally(() => {
          this.#running = undefined;
        });
    }, interval).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const used = await this.#store.usedBytes();
    const share = (used * interval) / period;
    // A blob is begun as soon as the one before is paid for, also after a restart.
    this.#due = Math.min(this.#due, 0) + share;
    const begun = this.#position.read();
    let position = begun;
    while (this.#due >= 0 && !this.#stopping.signal.aborted) {
      const blob = this.#store.after(position) ?? this.#store.after(undefined);
      if (blob === undefined) break;
      await this.#verify(blob.digest, Math.max(gentle, (2 * used) / period));
      if (this.#stopping.signal.aborted) break;
      this.#due -= Math.max(1, blob.size);
      position = blob.digest;
    }
    if (position !== undefined && position !== begun) await this.#position.write(position);
  }

  /** Reads a blob at `speed` bytes per ms. */
  async #verify(digest: Digest, speed: number): Promise<void> {
    const { signal } = this.#stopping;
    const pace = (bytes: number) => pause(bytes / speed, undefined, { signal, ref: false });
    try {
      await this.#store.readAgain(digest, pace);
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#onProblem(`cannot verify the stored blobs: ${reasonOf(error)}`);
  }
}
