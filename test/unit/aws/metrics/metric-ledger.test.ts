import { expect, test } from 'vitest';
import { metricLedger } from '../../../../functions/aws/metrics/metric-ledger.ts';

test('counts become metrics at once, and are written at most once a minute', async () => {
  let now = 0;
  let flushes = 0;
  const nothing = {
    pullsServed: 0,
    pullsAvoided: 0,
    pullsMade: 0,
    bytesServed: 0,
    bytesFetched: 0,
  };
  const ledger = metricLedger(
    {
      recordRateLimit: async () => undefined,
      rateLimits: async () => [],
      count: () => undefined,
      counters: async () => nothing,
      addUsage: async () => new Map(),
      addSpending: async () => [],
      async flush() {
        flushes += 1;
        throw new Error('the table is down');
      },
    },
    {
      now: () => now,
      observe: () => undefined,
      waitUntil: () => undefined,
      createHash: () => ({ update: () => undefined, hex: () => '' }),
      sleep: async () => undefined,
      random: () => 0,
    },
  );
  ledger.count({ pullsServed: 1, pullsAvoided: 1 });
  ledger.count({ pullsMade: 1 });
  expect(ledger.take().map(({ name }) => name)).toEqual(['PullsAvoided', 'PullsMade']);
  expect(ledger.take()).toEqual([]);
  for (const time of [0, 59_999, 60_000, 61_000, 120_000]) {
    now = time;
    await ledger.flushSometimes();
  }
  expect(flushes).toBe(2);
});
