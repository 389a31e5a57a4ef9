import type { RateLimit } from '../../core/headers/rate-limit.ts';
import {
  type Account,
  addCounts,
  type Counters,
  counterNames,
  dayBefore,
  type Ledger,
  monthBefore,
  noCounts,
  type SeenRateLimit,
  type SpentPulls,
} from '../../core/ports/ledger.ts';
import { RateLimitReports } from '../../core/ports/rate-limit-reports.ts';
import type { Runtime } from '../../core/ports/runtime.ts';
import * as statements from './statements.ts';

/** How long counts stay in memory, in ms: a write per pull would cost more than the pull. */
const flushDelay = 5_000;

/** A flush that is this late was lost with its request, in ms. */
const overdue = 30_000;

/**
 * The ledger of all isolates. Counts, and most rate limits, are written a few seconds later, by the
 * request that counted first.
 */
export class D1Ledger implements Ledger {
  readonly #database: D1Database;
  readonly #runtime: Pick<Runtime, 'now' | 'waitUntil'>;
  readonly #reports = new RateLimitReports();
  #unwritten: Counters = noCounts;
  #flushDue: number | undefined;
  #usageMonth = '';

  constructor(database: D1Database, runtime: Pick<Runtime, 'now' | 'waitUntil'>) {
    this.#database = database;
    this.#runtime = runtime;
  }

  async recordRateLimit(report: SeenRateLimit): Promise<void> {
    if (this.#reports.isDue(report)) return this.#write(report);
    if (this.#reports.hasKept) this.#flushSoon();
  }

  async #write(report: SeenRateLimit): Promise<void> {
    const { registry, account, rate, seen } = report;
    try {
      await this.#database
        .prepare(statements.putRateLimit)
        .bind(registry, account, JSON.stringify(rate), seen)
        .run();
    } catch (error) {
      this.#reports.failed(report);
      throw error;
    }
  }

  async rateLimits(): Promise<readonly SeenRateLimit[]> {
    const listing = this.#database.prepare(statements.getRateLimits);
    const { results } = await listing.all<Account & { rate: string; seen: number }>();
    const stored = results.map(({ rate, ...row }) => {
      const { limit, remaining, windowSeconds }: RateLimit = JSON.parse(rate);
      return { ...row, rate: { limit, remaining, windowSeconds } };
    });
    return this.#reports.merge(stored);
  }

  count(added: Partial<Counters>): void {
    this.#unwritten = addCounts(this.#unwritten, added);
    this.#flushSoon();
  }

  #flushSoon(): void {
    const now = this.#runtime.now();
    if (this.#flushDue !== undefined && now < this.#flushDue + overdue) return;
    this.#flushDue = now + flushDelay;
    const flushing = new Promise((resolve) => setTimeout(resolve, flushDelay))
      // After a failure the next count flushes again.
      .then(() => this.flush().catch(() => undefined));
    this.#runtime.waitUntil(flushing);
  }

  /** The flushed counts of all isolates plus this one's own. */
  async counters(): Promise<Counters> {
    const stored = await this.#database.prepare(statements.getCounters).first<Counters>();
    return addCounts(this.#unwritten, stored ?? noCounts);
  }

  async addUsage(
    month: string,
    added: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    const { results } = await this.#database
      .prepare(statements.addUsage)
      .bind(month, JSON.stringify(Object.fromEntries(added)))
      .all<{ client: string; bytes: number }>();
    if (this.#usageMonth !== month) {
      const cleaning = this.#database
        .prepare(statements.removeUsageBefore)
        .bind(monthBefore(month))
        .run();
      // The next isolate tries it again.
      this.#runtime.waitUntil(cleaning.catch(() => undefined));
      this.#usageMonth = month;
    }
    return new Map(results.map(({ client, bytes }) => [client, bytes]));
  }

  async addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]> {
    const database = this.#database;
    const reading = database.prepare(statements.getSpending).bind(day);
    if (added.length === 0) return (await reading.all<SpentPulls>()).results;
    const [, , read] = await database.batch<SpentPulls>([
      database.prepare(statements.removeSpendingBefore).bind(dayBefore(day)),
      database.prepare(statements.addSpending).bind(day, JSON.stringify(added)),
      reading,
    ]);
    return read?.results ?? [];
  }

  /** Writes the counts and the rate limits. If it rejects, the next flush writes the counts too. */
  async flush(): Promise<void> {
    this.#flushDue = undefined;
    await Promise.all(this.#reports.take().map((report) => this.#write(report)));
    const added = this.#unwritten;
    this.#unwritten = noCounts;
    const values = counterNames.map((name) => added[name]);
    if (values.every((count) => count === 0)) return;
    try {
      await this.#database
        .prepare(statements.addToCounters)
        .bind(...values)
        .run();
    } catch (error) {
      this.#unwritten = addCounts(this.#unwritten, added);
      throw error;
    }
  }
}
