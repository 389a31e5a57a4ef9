import {
  addCounts,
  type Counters,
  type Ledger,
  noCounts,
  type SeenRateLimit,
} from '../../core/ports/ledger.ts';
import type { IndexDatabase } from './database.ts';

/** How long counts stay in memory only, in ms. */
const flushDelay = 5_000;

/** The ledger in memory, written to the index a few seconds behind: a write costs a disk sync. */
export class LmdbLedger implements Ledger {
  readonly #index: Pick<IndexDatabase, 'counters' | 'rateLimits' | 'write'>;
  readonly #rates = new Map<string, SeenRateLimit>();
  readonly #unwritten = new Set<SeenRateLimit>();
  #total: Counters;
  #countersChanged = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(index: Pick<IndexDatabase, 'counters' | 'rateLimits' | 'write'>) {
    this.#index = index;
    this.#total = { ...noCounts, ...index.counters.get('total') };
    for (const { value } of index.rateLimits.getRange({})) this.#rates.set(keyOf(value), value);
  }

  async recordRateLimit(seen: SeenRateLimit): Promise<void> {
    const key = keyOf(seen);
    const known = this.#rates.get(key);
    if (known !== undefined && known.seen > seen.seen) return;
    if (known !== undefined) this.#unwritten.delete(known);
    this.#rates.set(key, seen);
    this.#unwritten.add(seen);
    this.#flushSoon();
  }

  async rateLimits(): Promise<readonly SeenRateLimit[]> {
    return [...this.#rates.values()];
  }

  count(added: Partial<Counters>): void {
    this.#total = addCounts(this.#total, added);
    this.#countersChanged = true;
    this.#flushSoon();
  }

  async counters(): Promise<Counters> {
    return this.#total;
  }

  /** Writes what is only in memory. Rejects when the index cannot be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const seen = [...this.#unwritten];
    const total = this.#countersChanged ? this.#total : undefined;
    if (seen.length === 0 && total === undefined) return;
    this.#unwritten.clear();
    this.#countersChanged = false;
    try {
      await this.#index.write(() => {
        if (total !== undefined) void this.#index.counters.put('total', total);
        for (const rate of seen) {
          void this.#index.rateLimits.put([rate.registry, rate.account], rate);
        }
      });
    } catch (error) {
      for (const rate of seen) if (this.#rates.get(keyOf(rate)) === rate) this.#unwritten.add(rate);
      this.#countersChanged = true;
      throw error;
    }
  }

  #flushSoon(): void {
    if (this.#timer !== undefined) return;
    // A failed write is tried again with the next count, and once more at the end by `flush`.
    this.#timer = setTimeout(() => this.flush().catch(() => undefined), flushDelay).unref();
  }
}

function keyOf(seen: SeenRateLimit): string {
  return `${seen.registry} ${seen.account}`;
}
