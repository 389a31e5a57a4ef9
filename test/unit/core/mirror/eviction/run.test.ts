import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import {
  EvictionRun,
  evictionLeaseLife,
} from '../../../../../functions/core/mirror/eviction/run.ts';
import type { Digest } from '../../../../../functions/core/oci/digest.ts';
import type { Lease } from '../../../../../functions/core/ports/leases.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const blob = { digest, size: 6, stored: 1 };

let now: number;
let slept: number;
let calls: string[];
let stopping: AbortController;
let renewed: Lease | undefined;
let isFilling: boolean;
let names: boolean[];
let stored: typeof blob | undefined;

beforeEach(() => {
  now = 1_000_000;
  slept = 0;
  calls = [];
  stopping = new AbortController();
  renewed = undefined;
  isFilling = false;
  names = [];
  stored = blob;
});

const lease = (): Lease => ({ key: 'evict', fence: 1, expires: now + evictionLeaseLife });

function runOf(held: Lease | 'failed' = lease(), { condemns = false, until = now + 1000 } = {}) {
  const condemnation = {
    condemn: async () => {
      calls.push('condemn');
      return stored;
    },
    restore: async () => void calls.push('restore'),
  };
  const context = {
    runtime: {
      now: () => now,
      sleep: async () => {
        slept += 1;
      },
    },
    stopping: stopping.signal,
    fills: { isFilling: () => isFilling },
    leases: { release: async ({ fence }: Lease) => void calls.push(`release ${fence}`) },
    ports: {
      leases: {
        renew: async ({ fence }: Lease, life: number) => {
          calls.push(`renew ${fence} ${life}`);
          return renewed;
        },
      },
      manifests: { isBlobNamed: async () => names.shift() === true },
      blobs: {
        stat: async () => stored,
        delete: async (_: Digest) => void calls.push('delete'),
        ...(condemns && { condemnation }),
      },
    },
  };
  return new EvictionRun(context as unknown as Context, held, until);
}

test('a run goes on until enough is freed', async () => {
  const run = runOf();
  run.excess = 10;
  expect(await run.canContinue()).toBe(true);
  run.freed.bytes = 10;
  expect(await run.canContinue()).toBe(false);
  expect(await run.hasTime()).toBe(true);
});

test('it ends at its time, and when the instance stops', async () => {
  const run = runOf();
  now += 999;
  expect(await run.hasTime()).toBe(true);
  now += 1;
  expect(await run.hasTime()).toBe(false);
  const other = runOf('failed');
  expect(await other.hasTime()).toBe(true);
  stopping.abort();
  expect(await other.hasTime()).toBe(false);
});

test('it renews its lease at half of its life', async () => {
  const run = runOf(lease(), { until: Number.POSITIVE_INFINITY });
  now += evictionLeaseLife / 2 - 1;
  expect(await run.hasTime()).toBe(true);
  expect(calls).toEqual([]);
  now += 1;
  renewed = { ...lease(), fence: 2 };
  expect(await run.hasTime()).toBe(true);
  expect(calls).toEqual([`renew 1 ${evictionLeaseLife}`]);
  // The clock was set back.
  now -= 1;
  expect(await run.hasTime()).toBe(true);
  expect(calls.at(-1)).toBe(`renew 2 ${evictionLeaseLife}`);
  renewed = undefined;
  now += evictionLeaseLife;
  expect(await run.hasTime()).toBe(false);
  expect(await run.hasTime()).toBe(false);
  expect(calls).toHaveLength(3);
  await run.release();
  expect(calls).toHaveLength(3);
});

test('it releases a lease that it holds', async () => {
  await runOf('failed').release();
  expect(calls).toEqual([]);
  await runOf().release();
  expect(calls).toEqual(['release 1']);
});

test('a blob is deleted and counted', async () => {
  const run = runOf();
  await run.deleteUnreferenced(digest);
  expect(calls).toEqual(['delete']);
  expect(run.freed).toEqual({ manifests: 0, blobs: 1, bytes: 6, history: 0 });
});

test('a blob that is being filled, is named or is not stored is not', async () => {
  const run = runOf();
  isFilling = true;
  await run.deleteUnreferenced(digest);
  isFilling = false;
  names = [true];
  await run.deleteUnreferenced(digest);
  stored = undefined;
  await run.deleteUnreferenced(digest);
  expect(calls).toEqual([]);
  expect(run.freed).toEqual({ manifests: 0, blobs: 0, bytes: 0, history: 0 });
});

test.each([
  ['is condemned', [false, false], blob, ['condemn'], 1],
  ['is restored if it is named by then', [false, true], blob, ['condemn', 'restore'], 0],
  ['that is not stored is not', [false, true], undefined, ['condemn'], 0],
  ['that is named is not', [true], blob, [], 0],
])('where clients read from the bucket, a blob %s', async (_, named, found, expected, count) => {
  names = [...named];
  stored = found;
  const run = runOf(lease(), { condemns: true });
  await run.deleteUnreferenced(digest);
  expect(calls).toEqual(expected);
  expect(run.freed.blobs).toBe(count);
});

test('the event loop turns after 128 steps', async () => {
  const run = runOf();
  for (let at = 0; at < 127; at++) await run.hasTime();
  expect(slept).toBe(0);
  await run.deleteUnreferenced(digest);
  expect(slept).toBe(1);
  for (let at = 0; at < 128; at++) await run.hasTime();
  expect(slept).toBe(2);
});
