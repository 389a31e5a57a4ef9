import { describe, expect, it } from 'vitest';
import { circuitAccount, type SeenRateLimit } from '../../../../functions/core/ports/ledger.ts';
import { RateLimitReports } from '../../../../functions/core/ports/rate-limit-reports.ts';

function report(seen: number, remaining: number, account = 'anonymous'): SeenRateLimit {
  const rate = { limit: 100, remaining, windowSeconds: 21_600 };
  return { registry: 'docker.io', account, seen, rate };
}

/** Which of the reports are written at once. */
function written(
  reports: readonly SeenRateLimit[],
  into = new RateLimitReports(),
): SeenRateLimit[] {
  return reports.filter((one) => into.isDue(one));
}

describe('a rate limit in every answer of an upstream', () => {
  it('is written every ten seconds', () => {
    const answers = Array.from({ length: 250 }, (_, at) => report(at * 100, 500 - at));
    expect(written(answers).map(({ seen }) => seen)).toEqual([0, 10_000, 20_000]);
  });

  it('is written once a minute while it stays the same', () => {
    const answers = Array.from({ length: 13 }, (_, at) => report(at * 10_000, 5));
    expect(written(answers).map(({ seen }) => seen)).toEqual([0, 60_000, 120_000]);
  });

  it('is written at once when nothing is left, and when the clock was set back', () => {
    const answers = [report(5_000, 2), report(5_001, 1), report(5_002, 0), report(4_000, 7)];
    expect(written(answers).map(({ seen }) => seen)).toEqual([5_000, 5_002, 4_000]);
  });

  it('is written for each account, and a Retry-After always', () => {
    const answers = [
      report(0, 9),
      report(1, 8, 'account'),
      report(2, 0, circuitAccount('requests', 'anonymous')),
      report(3, 0, circuitAccount('requests', 'anonymous')),
    ];
    expect(written(answers)).toHaveLength(4);
  });

  it('goes with the next flush otherwise, and is known here before', () => {
    const reports = new RateLimitReports();
    const stored = written([report(0, 9), report(1, 8), report(2, 7)], reports);
    expect(reports.merge(stored)).toEqual([report(2, 7)]);
    expect(reports.hasKept).toBe(true);
    expect(reports.take()).toEqual([report(2, 7)]);
    expect([reports.hasKept, reports.take()]).toEqual([false, []]);
    expect(reports.isDue(report(3, 7))).toBe(false);
    expect(reports.hasKept).toBe(false);
  });

  it('is due again after it could not be written', () => {
    const reports = new RateLimitReports();
    const first = report(0, 9);
    expect(reports.isDue(first)).toBe(true);
    reports.failed(first);
    expect(written([report(1, 9), report(2, 9)], reports)).toEqual([report(1, 9)]);
  });
});
