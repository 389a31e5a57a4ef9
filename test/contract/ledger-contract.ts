import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger, SeenRateLimit, SpentPulls } from '../../functions/core/ports/ledger.ts';
import type { OpenedPort } from './opened-port.ts';

function seenAt(seen: number, remaining: number, account = 'anonymous'): SeenRateLimit {
  const rate = { limit: 100, remaining, windowSeconds: 21_600 };
  return { registry: 'docker.io', account, rate, seen };
}

/** Executes the contract of Ledger on an implementation. */
export function describeLedgerContract(
  name: string,
  open: () => Promise<OpenedPort<Ledger>>,
): void {
  describe(`Ledger: ${name}`, () => {
    let opened: OpenedPort<Ledger>;
    let ledger: Ledger;

    beforeEach(async () => {
      opened = await open();
      ledger = opened.store;
    });
    afterEach(() => opened.close());

    test('counters begin at zero and add up', async () => {
      expect(await ledger.counters()).toEqual({
        pullsServed: 0,
        pullsAvoided: 0,
        pullsMade: 0,
        bytesServed: 0,
        bytesFetched: 0,
      });
      ledger.count({ pullsServed: 1, bytesServed: 10 });
      ledger.count({ pullsServed: 2, pullsAvoided: 1, pullsMade: 1, bytesFetched: 5 });
      expect(await ledger.counters()).toEqual({
        pullsServed: 3,
        pullsAvoided: 1,
        pullsMade: 1,
        bytesServed: 10,
        bytesFetched: 5,
      });
    });

    test('a rate limit is kept as it was seen, for each account', async () => {
      expect(await ledger.rateLimits()).toEqual([]);
      await ledger.recordRateLimit(seenAt(1, 99));
      await ledger.recordRateLimit(seenAt(1, 7, 'me'));
      await ledger.recordRateLimit({ ...seenAt(1, 5), registry: 'ghcr.io' });
      const kept = await ledger.rateLimits();
      expect(kept).toHaveLength(3);
      expect(kept).toContainEqual(seenAt(1, 7, 'me'));
    });

    test('of two reports the one seen later stays, whichever came first', async () => {
      await ledger.recordRateLimit(seenAt(5, 50));
      await ledger.recordRateLimit(seenAt(4, 60));
      expect(await ledger.rateLimits()).toEqual([seenAt(5, 50)]);
      await ledger.recordRateLimit(seenAt(6, 49));
      expect(await ledger.rateLimits()).toEqual([seenAt(6, 49)]);
    });

    test('usage adds up for each client and month, for all instances', async () => {
      const first = new Map([
        ['192.0.2.1', 5],
        ['2001:db8::', 2 ** 40],
      ]);
      expect(await ledger.addUsage('2026-12', first)).toEqual(first);
      const second = await opened.reopen();
      const added = new Map([
        ['192.0.2.1', 3],
        ['2001:db8::', -(2 ** 39)],
        ['192.0.2.2', 0],
      ]);
      expect(await second.addUsage('2026-12', added)).toEqual(
        new Map([
          ['192.0.2.1', 8],
          ['2001:db8::', 2 ** 39],
          ['192.0.2.2', 0],
        ]),
      );
      const january = new Map([['192.0.2.1', 1]]);
      expect(await second.addUsage('2027-01', january)).toEqual(january);
      const reading = new Map([['192.0.2.1', 0]]);
      // An instance whose clock is late still counts in the month before.
      expect(await second.addUsage('2026-12', reading)).toEqual(new Map([['192.0.2.1', 8]]));
    });

    test('spending adds up for each name and day, for all instances', async () => {
      const spent = (name: string, pulls: number, more: Partial<SpentPulls> = {}): SpentPulls => ({
        registry: 'docker.io',
        account: 'anonymous',
        kind: 'repository',
        name,
        pulls,
        ...more,
      });
      expect(await ledger.addSpending('2026-12-01', [])).toEqual([]);
      const network = { kind: 'network' } as const;
      const first = [
        spent('library/a', 2),
        spent('ci', 2, network),
        spent('library/a', 1, { account: 'ci' }),
      ];
      const sorted = (rows: readonly SpentPulls[]) =>
        rows.map((row) => JSON.stringify(row)).toSorted();
      const added = await ledger.addSpending('2026-12-01', first);
      expect(added).toHaveLength(3);
      for (const row of first) expect(added).toContainEqual(row);
      const second = await opened.reopen();
      const sums = await second.addSpending('2026-12-01', [spent('library/a', 3), spent('b', 1)]);
      expect(sums).toHaveLength(4);
      expect(sums).toContainEqual(spent('library/a', 5));
      expect(sums).toContainEqual(spent('library/a', 1, { account: 'ci' }));
      // The day before is kept, and read again.
      const next = [spent('library/a', 1)];
      expect(await second.addSpending('2026-12-02', next)).toEqual(next);
      expect(sorted(await second.addSpending('2026-12-01', []))).toEqual(sorted(sums));
    });

    test('what was counted before stays when instances change', async () => {
      ledger.count({ pullsServed: 3, bytesServed: 2 ** 40 });
      await ledger.recordRateLimit(seenAt(5, 50));
      const second = await opened.reopen();
      expect((await second.counters()).bytesServed).toBe(2 ** 40);
      second.count({ pullsServed: 1 });
      await second.recordRateLimit(seenAt(4, 60));
      const third = await opened.reopen();
      expect((await third.counters()).pullsServed).toBe(4);
      expect(await third.rateLimits()).toEqual([seenAt(5, 50)]);
    });
  });
}
