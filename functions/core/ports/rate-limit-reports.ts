import { noteOf, type SeenRateLimit } from './ledger.ts';

/** The shortest time between two writes of a rate limit, in ms. */
const changedInterval = 10_000;

/** The same while it stays as it was. */
const unchangedInterval = 60_000;

/**
 * The rate limits that upstreams report, some with every answer, for a ledger that many instances share:
 * each writes what changed, and seldom, because they all write to one item. What is kept goes with the
 * next flush. That nothing is left, and a Retry-After, are written at once.
 */
export class RateLimitReports {
  // One entry for each account of a configured registry.
  readonly #written = new Map<string, SeenRateLimit>();
  readonly #kept = new Map<string, SeenRateLimit>();

  /** True if the report has to be written now; otherwise it is kept, or is no news. */
  isDue(report: SeenRateLimit): boolean {
    const key = keyOf(report);
    const before = this.#written.get(key);
    if (before !== undefined && !isDue(before, report)) {
      if (isSame(before, report)) this.#kept.delete(key);
      else this.#kept.set(key, report);
      return false;
    }
    this.#written.set(key, report);
    this.#kept.delete(key);
    return true;
  }

  /** True if reports wait for a flush. */
  get hasKept(): boolean {
    return this.#kept.size > 0;
  }

  /** The reports that were kept, to be written now. */
  take(): readonly SeenRateLimit[] {
    const taken = [...this.#kept.values()];
    this.#kept.clear();
    for (const report of taken) this.#written.set(keyOf(report), report);
    return taken;
  }

  /** A report that was due or taken could not be written: the next one is due. */
  failed(report: SeenRateLimit): void {
    const key = keyOf(report);
    if (this.#written.get(key) === report) this.#written.delete(key);
  }

  /** What the ledger has, with what this instance kept. */
  merge(stored: readonly SeenRateLimit[]): readonly SeenRateLimit[] {
    if (!this.hasKept) return stored;
    const merged = new Map(stored.map((report) => [keyOf(report), report]));
    for (const [key, report] of this.#kept) {
      if ((merged.get(key)?.seen ?? 0) <= report.seen) merged.set(key, report);
    }
    return [...merged.values()];
  }
}

function keyOf({ registry, account }: SeenRateLimit): string {
  return `${registry} ${account}`;
}

function isSame({ rate: one }: SeenRateLimit, { rate: other }: SeenRateLimit): boolean {
  return (
    one.remaining === other.remaining &&
    one.limit === other.limit &&
    one.windowSeconds === other.windowSeconds
  );
}

function isDue(before: SeenRateLimit, report: SeenRateLimit): boolean {
  const age = report.seen - before.seen;
  // The clock was set back.
  const note = noteOf(report.account);
  if (age < 0 || (note !== undefined && note.kind !== 'baseline')) return true;
  if (isSame(before, report)) return age >= unchangedInterval;
  return report.rate.remaining === 0 || age >= changedInterval;
}
