import {
  addCounts,
  type Counters,
  dayBefore,
  type Ledger,
  monthBefore,
  noCounts,
  type SeenRateLimit,
  type SpentPulls,
  spendingKey,
} from '../core/ports/ledger.ts';

/** The ledger of one process: its counters begin at zero. */
export class MemoryLedger implements Ledger {
  readonly #rates = new Map<string, SeenRateLimit>();
  readonly #usage = new Map<string, Map<string, number>>();
  readonly #spending = new Map<string, Map<string, SpentPulls>>();
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

  async addUsage(
    month: string,
    added: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    for (const old of this.#usage.keys()) if (old < monthBefore(month)) this.#usage.delete(old);
    const sums = this.#usage.get(month) ?? new Map<string, number>();
    this.#usage.set(month, sums);
    const found = new Map<string, number>();
    for (const [client, bytes] of added) {
      const sum = (sums.get(client) ?? 0) + bytes;
      sums.set(client, sum);
      found.set(client, sum);
    }
    return found;
  }

  async addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]> {
    for (const old of this.#spending.keys()) if (old < dayBefore(day)) this.#spending.delete(old);
    const rows = this.#spending.get(day) ?? new Map<string, SpentPulls>();
    this.#spending.set(day, rows);
    for (const one of added) {
      const key = spendingKey(one);
      rows.set(key, { ...one, pulls: one.pulls + (rows.get(key)?.pulls ?? 0) });
    }
    return [...rows.values()];
  }
}
