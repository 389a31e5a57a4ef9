import {
  addCounts,
  type Counters,
  type Ledger,
  noCounts,
  type SeenRateLimit,
} from '../core/ports/ledger.ts';

/** The ledger of one process: its counters begin at zero. */
export class MemoryLedger implements Ledger {
  readonly #rates = new Map<string, SeenRateLimit>();
  #total: Counters = noCounts;

  async recordRateLimit(seen: SeenRateLimit): Promise<void> {
    const key = `${seen.registry} ${seen.account}`;
    if ((this.#rates.get(key)?.seen ?? 0) <= seen.seen) this.#rates.set(key, seen);
  }

  async rateLimits(): Promise<readonly SeenRateLimit[]> {
    return [...this.#rates.values()];
  }

  count(added: Partial<Counters>): void {
    this.#total = addCounts(this.#total, added);
  }

  async counters(): Promise<Counters> {
    return this.#total;
  }
}
