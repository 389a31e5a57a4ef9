import { expect, test } from 'vitest';
import { PullCounts } from '../../../../functions/core/clients/pull-counts.ts';

test('pulls count for each client, until the minute ends', () => {
  const counts = new PullCounts();
  counts.of('a', 59_998).pulls += 1;
  counts.of('a', 59_999).pulls += 1;
  counts.of('b', 59_999).pulls += 1;
  expect([counts.of('a', 59_999).pulls, counts.of('b', 59_999).pulls]).toEqual([2, 1]);
  expect(counts.of('a', 60_000).pulls).toBe(0);
});

test('a pull that was asked for before the minute ended does not reset the counts of the next', () => {
  const counts = new PullCounts();
  const before = counts.of('a', 59_999);
  counts.of('b', 60_000).pulls += 1;
  before.pulls += 1;
  expect([counts.of('a', 60_001).pulls, counts.of('b', 60_001).pulls]).toEqual([0, 1]);
});

test('clients beyond the bound share one count', () => {
  const counts = new PullCounts(2);
  for (const client of ['a', 'b', 'c', 'd', 'a']) counts.of(client, 0).pulls += 1;
  expect(['a', 'b', 'c', 'd', 'e'].map((client) => counts.of(client, 0).pulls)).toEqual([
    2, 1, 2, 2, 2,
  ]);
  expect(counts.of('c', 60_000).pulls).toBe(0);
});
