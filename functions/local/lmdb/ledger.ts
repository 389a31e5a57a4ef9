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
} from '../../core/ports/ledger.ts';
import type { IndexDatabase } from './database.ts';

/** How long counts stay in memory before they are written, in ms. */
const flushDelay = 5_000;

/** How many clients of old months one write removes. */
const mostOldUsage = 1_000;

type Tables = Pick<IndexDatabase, 'counters' | 'rateLimits' | 'spending' | 'usage' | 'write'>;

/** The ledger in memory, written to the index a few seconds later: each write costs a disk sync. */
export class LmdbLedger implements Ledger {
  readonly #index: Tables;
  readonly #rates = new Map<string, SeenRateLimit>();
  /** The keys of rates that are not written yet. */
  readonly #unwritten = new Set<string>();
  #total: Counters;
  #countersChanged = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(index: Tables) {
    this.#index = index;
    this.#total = { ...noCounts, ...index.counters.get('total') };
    for (const { value } of index.rateLimits.getRange({})) this.#rates.set(keyOf(value), value);
  }

  async recordRateLimit(seen: SeenRateLimit): Promise<void> {
    const key = keyOf(seen);
    const known = this.#rates.get(key);
    if (known !== undefined && known.seen > seen.seen) return;
    this.#rates.set(key, seen);
    this.#unwritten.add(key);
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

  addUsage(
    month: string,
    added: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    const { usage, write } = this.#index;
    return write(() => {
      const old = [...usage.getKeys({ end: [monthBefore(month), ''], limit: mostOldUsage })];
      for (const key of old) void usage.remove(key);
      const sums = new Map<string, number>();
      for (const [client, bytes] of added) {
        const sum = (usage.get([month, client]) ?? 0) + bytes;
        void usage.put([month, client], sum);
        sums.set(client, sum);
      }
      return sums;
    });
  }

  async addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]> {
    const { spending, write } = this.#index;
    if (added.length > 0) {
      await write(() => {
        const old = [...spending.getKeys({ end: [dayBefore(day), ''], limit: mostOldUsage })];
        for (const key of old) void spending.remove(key);
        for (const one of added) {
          const key = spendingKey(one);
          const before = spending.get([day, key])?.pulls ?? 0;
          void spending.put([day, key], { ...one, pulls: before + one.pulls });
        }
      });
    }
    const rows = spending.getRange({ start: [day, ''], end: [`${day}~`, ''] });
    return [...rows].map(({ value }) => value);
  }

  /** Writes what is only in memory. Rejects when the index cannot be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const keys = [...this.#unwritten];
    const countersChanged = this.#countersChanged;
    if (keys.length === 0 && !countersChanged) return;
    this.#unwritten.clear();
    this.#countersChanged = false;
    const { counters, rateLimits, write } = this.#index;
    try {
      await write(() => {
        if (countersChanged) void counters.put('total', this.#total);
        for (const rate of keys.flatMap((key) => this.#rates.get(key) ?? [])) {
          void rateLimits.put([rate.registry, rate.account], rate);
        }
      });
    } catch (error) {
      for (const key of keys) this.#unwritten.add(key);
      this.#countersChanged ||= countersChanged;
      throw error;
    }
  }

  #flushSoon(): void {
    // A failed write is repeated with the next count, and by the last `flush`.
    this.#timer ??= setTimeout(() => this.flush().catch(() => undefined), flushDelay).unref();
  }
}

function keyOf({ registry, account }: SeenRateLimit): string {
  return `${registry} ${account}`;
}
