import { expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { deleteCondemned } from '../../../../../functions/core/mirror/eviction/condemned-blobs.ts';
import type { EvictionRun } from '../../../../../functions/core/mirror/eviction/run.ts';

/** Condemned blobs 0, 1, 2, …; the odd ones are named again. */
function storeOf(count: number, { time = Number.POSITIVE_INFINITY, condemns = true } = {}) {
  let next = 0;
  const limits: number[] = [];
  const erased: number[] = [];
  const restored: number[] = [];
  const condemnation = {
    due: async (limit: number) => {
      limits.push(limit);
      const size = Math.min(limit, count - next);
      return Array.from({ length: size }, () => ({ digest: next++ }));
    },
    restore: async (digest: number) => void restored.push(digest),
    erase: async ({ digest }: { digest: number }) => void erased.push(digest),
  };
  const manifests = { isBlobNamed: async (digest: number) => digest % 2 === 1 };
  const ports = { blobs: condemns ? { condemnation } : {}, manifests };
  let left = time;
  const run = { hasTime: async () => left-- > 0 };
  const remove = (steps: number) =>
    deleteCondemned({ ports } as unknown as Context, run as unknown as EvictionRun, steps);
  return { remove, limits, erased, restored };
}

test('blobs that a manifest names again are restored, the others erased', async () => {
  const { remove, erased, restored, limits } = storeOf(4);
  expect(await remove(100)).toBe(4);
  expect([erased, restored, limits]).toEqual([[0, 2], [1, 3], [50]]);
});

test('they are listed fifty at a time, and never more than there are steps', async () => {
  const { remove, limits } = storeOf(1000);
  expect(await remove(120)).toBe(120);
  expect(limits).toEqual([50, 50, 20]);
});

test('a short list is the last one: other instances may hold the rest', async () => {
  const { remove, limits } = storeOf(60);
  expect(await remove(1000)).toBe(60);
  expect(limits).toEqual([50, 50]);
});

test('a run without time stops and counts what it did', async () => {
  const { remove, erased, restored } = storeOf(4, { time: 2 });
  expect(await remove(100)).toBe(2);
  expect([...erased, ...restored]).toEqual([0, 1]);
});

test('nothing is listed without steps, or by a store that condemns nothing', async () => {
  const { remove, limits } = storeOf(4);
  expect(await remove(0)).toBe(0);
  expect(limits).toEqual([]);
  expect(await storeOf(4, { condemns: false }).remove(10)).toBe(0);
});
