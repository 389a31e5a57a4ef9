import { expect, it } from 'vitest';
import { MemoryLedger } from '../../../functions/memory/ledger.ts';

const rate = (remaining: number) => ({ limit: 100, remaining, windowSeconds: 3600 });
const seenAt = (seen: number, remaining: number, account = 'a') => ({
  registry: 'docker.io',
  account,
  rate: rate(remaining),
  seen,
});

it('keeps the report of an account that was seen later', async () => {
  const ledger = new MemoryLedger();
  await ledger.recordRateLimit(seenAt(2, 20));
  await ledger.recordRateLimit(seenAt(1, 10));
  expect(await ledger.rateLimits()).toEqual([seenAt(2, 20)]);
  await ledger.recordRateLimit(seenAt(2, 19));
  expect(await ledger.rateLimits()).toEqual([seenAt(2, 19)]);
  await ledger.recordRateLimit(seenAt(0, 5, 'b'));
  expect(await ledger.rateLimits()).toEqual([seenAt(2, 19), seenAt(0, 5, 'b')]);
});

it('sums up counts', async () => {
  const ledger = new MemoryLedger();
  ledger.count({ pullsMade: 2 });
  ledger.count({ pullsMade: 1, bytesServed: 5 });
  expect(await ledger.counters()).toMatchObject({ pullsMade: 3, bytesServed: 5, pullsServed: 0 });
});

it('sums up the bytes of each client and month, and forgets all but two months', async () => {
  const ledger = new MemoryLedger();
  const add = async (month: string, bytes: number) =>
    (await ledger.addUsage(month, new Map([['client', bytes]]))).get('client');
  expect(await add('2026-11', 5)).toBe(5);
  expect(await add('2026-11', -2)).toBe(3);
  expect(await add('2026-12', 7)).toBe(7);
  expect(await add('2026-11', 0)).toBe(3);
  expect(await add('2027-01', 1)).toBe(1);
  expect(await add('2026-12', 0)).toBe(7);
  expect(await add('2026-11', 0)).toBe(0);
});
