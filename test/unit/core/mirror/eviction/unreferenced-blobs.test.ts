import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import type { EvictionRun } from '../../../../../functions/core/mirror/eviction/run.ts';
import { evictUnreferenced } from '../../../../../functions/core/mirror/eviction/unreferenced-blobs.ts';

const hour = 3_600_000;
const now = 10 * hour;
const digestOf = (first: string) => `sha256:${first.padEnd(64, '0')}`;

let listed: (string | undefined)[];
let stored: { digest: string; stored: number }[];
let time: number;

beforeEach(() => {
  listed = [];
  stored = ['1', '5', '9', 'd'].map((first) => ({ digest: digestOf(first), stored: 0 }));
  time = Number.POSITIVE_INFINITY;
});

/** The first digits of the blobs that a run deleted, and its steps. */
async function evict(steps: number, random = 0.5) {
  const deleted: string[] = [];
  const blobs = {
    async *list(from?: string) {
      listed.push(from);
      yield* stored.filter(({ digest }) => from === undefined || digest >= from);
    },
  };
  const runtime = { now: () => now, random: () => random };
  const run = {
    canContinue: async () => time-- > 0,
    deleteUnreferenced: async (digest: string) => void deleted.push(digest.slice(7, 8)),
  };
  const context = { ports: { blobs }, runtime } as unknown as Context;
  const taken = await evictUnreferenced(context, run as unknown as EvictionRun, steps);
  return { deleted: deleted.join(''), taken };
}

test('a run without a limit examines all blobs in their order', async () => {
  expect(await evict(Number.POSITIVE_INFINITY)).toEqual({ deleted: '159d', taken: 4 });
  expect(listed).toEqual([undefined]);
});

test('a limited run begins at a random digest and goes around once', async () => {
  expect(await evict(100)).toEqual({ deleted: '9d15', taken: 4 });
  expect(listed).toEqual([digestOf('8'), digestOf('0')]);
});

test('the digest that it began at is examined once', async () => {
  stored.push({ digest: digestOf('8'), stored: 0 });
  stored.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const { deleted } = await evict(100);
  expect(deleted.slice(0, 3)).toBe('89d');
  expect(deleted.slice(3, 5)).toBe('15');
});

test('it stops after its steps, and counts blobs that it left', async () => {
  expect(await evict(3)).toEqual({ deleted: '9d1', taken: 3 });
  stored = stored.map(({ digest }) => ({ digest, stored: now }));
  expect(await evict(3)).toEqual({ deleted: '', taken: 3 });
  listed = [];
  expect(await evict(0)).toEqual({ deleted: '', taken: 0 });
  expect(listed).toEqual([]);
});

test('it stops when the run may not continue', async () => {
  time = 1;
  expect(await evict(100)).toEqual({ deleted: '9', taken: 1 });
});

test.each([
  [hour, ''],
  [hour + 1, '1'],
])('a blob that was stored %i ms ago may wait for its manifest or not', async (age, deleted) => {
  stored = [{ digest: digestOf('1'), stored: now - age }];
  expect((await evict(Number.POSITIVE_INFINITY)).deleted).toBe(deleted);
});
