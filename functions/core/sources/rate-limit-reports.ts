import type { Ledger, SeenRateLimit } from '../ports/ledger.ts';

/** The shortest time between two writes of a rate limit that changed, in ms. */
const changedInterval = 10_000;

/** The same while it stays as it was. */
const unchangedInterval = 60_000;

/**
 * Returns a writer of the rate limits that upstreams report, which is every answer of some: only what
 * changed is written, and if instances share the ledger, each writes seldom. They would all write to
 * one item. That nothing is left is written at once. The writer may reject.
 */
export function rateLimitWriter(
  ledger: Pick<Ledger, 'recordRateLimit'>,
  isShared: boolean,
): (seen: SeenRateLimit) => Promise<void> {
  // One entry for each account of a configured registry.
  const written = new Map<string, SeenRateLimit>();
  return async (report) => {
    const key = `${report.registry} ${report.account}`;
    const before = written.get(key);
    if (before !== undefined && !isDue(before, report, isShared)) return;
    written.set(key, report);
    try {
      await ledger.recordRateLimit(report);
    } catch (error) {
      if (written.get(key) === report) written.delete(key);
      throw error;
    }
  };
}

function isDue(before: SeenRateLimit, report: SeenRateLimit, isShared: boolean): boolean {
  const age = report.seen - before.seen;
  // The clock was set back.
  if (age < 0) return true;
  const { limit, remaining, windowSeconds } = report.rate;
  const isSame =
    remaining === before.rate.remaining &&
    limit === before.rate.limit &&
    windowSeconds === before.rate.windowSeconds;
  if (isSame) return age >= unchangedInterval;
  return !isShared || remaining === 0 || age >= changedInterval;
}
