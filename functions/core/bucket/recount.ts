import type { Recount, StoredBlob } from '../ports/blob-store.ts';
import type { BlobIndex } from './blob-index.ts';

/** How old a count may be, in ms. */
const longestAge = 7 * 86_400_000;

/** How often an instance reads how old the counts are, in ms. */
const interval = 3_600_000;

export interface BucketRecountOptions {
  readonly index: Required<Pick<BlobIndex, 'counts' | 'correct'>>;
  /** The stored blobs whose digests begin with `part`. */
  readonly listPart: (part: string) => AsyncIterable<StoredBlob>;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** Counts the blobs by listing the bucket. */
export class BucketRecount implements Recount {
  readonly #options: BucketRecountOptions;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(options: BucketRecountOptions) {
    this.#options = options;
  }

  async isDue(): Promise<boolean> {
    const now = this.#options.now();
    if (now - this.#looked < interval) return false;
    const isDue = (await this.#dueParts()).length > 0;
    // The run that follows would otherwise have to look again.
    if (!isDue) this.#looked = now;
    return isDue;
  }

  async run(hasTime: () => Promise<boolean>): Promise<void> {
    const { now } = this.#options;
    if (now() - this.#looked < interval) return;
    for (const part of await this.#dueParts()) {
      if (!(await this.#count(part, hasTime))) return;
    }
    this.#looked = now();
  }

  async #dueParts(): Promise<string[]> {
    const { index, now } = this.#options;
    const counts = await index.counts();
    return counts.filter(({ counted }) => now() - counted > longestAge).map(({ part }) => part);
  }

  /** False when the time is over. */
  async #count(part: string, hasTime: () => Promise<boolean>): Promise<boolean> {
    const { index, listPart, now } = this.#options;
    const before = (await index.counts()).find((count) => count.part === part);
    if (before === undefined) return true;
    let bytes = 0;
    let listed = 0;
    for await (const blob of listPart(part)) {
      if (listed % 1000 === 0 && !(await hasTime())) return false;
      listed += 1;
      bytes += blob.size;
    }
    if (listed === 0 && !(await hasTime())) return false;
    await index.correct(before, bytes, Math.round(now()));
    return true;
  }
}
