import { expect, test } from 'vitest';
import { PullCounts } from '../../../../functions/core/clients/pull-counts.ts';

test('pulls count for each client, until the minute ends', () => {
  const counts = new PullCounts();
  counts.add('a', 59_998);
  counts.add('a', 59_999);
  counts.add('b', 59_999);
  expect([counts.used('a', 59_999), counts.used('b', 59_999)]).toEqual([2, 1]);
  expect(counts.used('a', 60_000)).toBe(0);
});

test('clients beyond the bound share one count', () => {
  const counts = new PullCounts(2);
  for (const client of ['a', 'b', 'c', 'd', 'a']) counts.add(client, 0);
  expect(['a', 'b', 'c', 'd', 'e'].map((client) => counts.used(client, 0))).toEqual([
    2, 1, 2, 2, 2,
  ]);
  expect(counts.used('c', 60_000)).toBe(0);
});
