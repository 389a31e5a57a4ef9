import { describe, expect, it } from 'vitest';
import type { SeenRateLimit } from '../../../../functions/core/ports/ledger.ts';
import { rateLimitWriter } from '../../../../functions/core/sources/rate-limit-reports.ts';

/** What is written of reports: the time and what is left. */
async function written(
  reports: readonly (readonly [seen: number, remaining: number, account?: string])[],
  isShared: boolean,
): Promise<string[]> {
  const records: string[] = [];
  const recordRateLimit = async ({ account, seen, rate }: SeenRateLimit) => {
    records.push(`${account} ${seen}: ${rate.remaining}`);
  };
  const write = rateLimitWriter({ recordRateLimit }, isShared);
  for (const [seen, remaining, account = 'anonymous'] of reports) {
    const rate = { limit: 100, remaining, windowSeconds: 21_600 };
    await write({ registry: 'docker.io', account, seen, rate });
  }
  return records;
}

describe('a rate limit in every answer of an upstream', () => {
  it('is written every ten seconds where instances share the ledger', async () => {
    const answers = Array.from({ length: 250 }, (_, at) => [at * 100, 500 - at] as const);
    expect(await written(answers, true)).toEqual([
      'anonymous 0: 500',
      'anonymous 10000: 400',
      'anonymous 20000: 300',
    ]);
  });

  it('is written with every change by the only instance', async () => {
    const answers = [
      [0, 9],
      [1, 8],
      [2, 8],
      [3, 7],
    ] as const;
    const expected = ['anonymous 0: 9', 'anonymous 1: 8', 'anonymous 3: 7'];
    expect(await written(answers, false)).toEqual(expected);
  });

  it('is written once a minute while it stays the same', async () => {
    const answers = Array.from({ length: 13 }, (_, at) => [at * 10_000, 5] as const);
    const expected = ['anonymous 0: 5', 'anonymous 60000: 5', 'anonymous 120000: 5'];
    for (const isShared of [false, true])
      expect(await written(answers, isShared)).toEqual(expected);
  });

  it('is written at once when nothing is left, and when the clock was set back', async () => {
    const answers = [
      [5_000, 2],
      [5_001, 1],
      [5_002, 0],
      [5_003, 0],
      [4_000, 7],
    ] as const;
    const expected = ['anonymous 5000: 2', 'anonymous 5002: 0', 'anonymous 4000: 7'];
    expect(await written(answers, true)).toEqual(expected);
  });

  it('is written for each account', async () => {
    const answers = [
      [0, 9],
      [1, 8, 'account'],
    ] as const;
    expect(await written(answers, true)).toEqual(['anonymous 0: 9', 'account 1: 8']);
  });

  it('is written again after the ledger failed', async () => {
    const tried: number[] = [];
    const write = rateLimitWriter(
      {
        recordRateLimit: async ({ seen }) => {
          tried.push(seen);
          if (seen === 0) throw new Error('no ledger');
        },
      },
      true,
    );
    const report = (seen: number) => {
      const rate = { limit: 100, remaining: 9, windowSeconds: undefined };
      return write({ registry: 'docker.io', account: 'anonymous', seen, rate });
    };
    await expect(report(0)).rejects.toThrow('no ledger');
    await report(1);
    await report(2);
    expect(tried).toEqual([0, 1]);
  });
});
