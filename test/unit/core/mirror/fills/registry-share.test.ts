import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { leaseLife } from '../../../../../functions/core/mirror/fills/fill-lease.ts';
import {
  defer,
  deferredJob,
  takePlace,
} from '../../../../../functions/core/mirror/fills/registry-share.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const job = {
  repository: { registry: 'docker.io', name: 'library/app' },
  blob: { digest: madeDigest('a blob'), size: 6, mediaType: '' },
};

let taken: Set<string>;
let calls: string[];
let random: number;
let isFailing: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  taken = new Set();
  calls = [];
  random = 0;
  isFailing = false;
});
afterEach(() => {
  vi.useRealTimers();
});

function place(concurrency: number | undefined) {
  const acquire = async (key: string) => {
    if (isFailing) return 'failed';
    if (taken.has(key)) return undefined;
    taken.add(key);
    return { key, fence: 1, expires: leaseLife };
  };
  const leases = {
    renew: async ({ key }: { key: string }, life: number) =>
      void calls.push(`renew ${key} ${life}`),
    release: async ({ key }: { key: string }) => void taken.delete(key),
  };
  const runtime = { random: () => random, waitUntil: () => undefined };
  const context = { attempt: { leases: { acquire } }, leases, runtime };
  return takePlace(context as unknown as Parameters<typeof takePlace>[0], 'docker.io', concurrency);
}

test.each([
  [1, 1],
  [2, 1],
  [5, 4],
  [6, 4],
  [10, 8],
])('of %i fills at once, one registry has at most %i', async (concurrency, places) => {
  for (let at = 0; at < places; at++) expect(await place(concurrency)).toBeDefined();
  expect(await place(concurrency)).toBeUndefined();
  expect(taken.size).toBe(places);
});

test('places are tried from a random one on, and around', async () => {
  random = 0.75;
  await place(5);
  await place(5);
  expect([...taken]).toEqual(['fill-place:docker.io:3', 'fill-place:docker.io:0']);
});

test('a place is renewed three times in its life, until it is released', async () => {
  const held = await place(1);
  await vi.advanceTimersByTimeAsync(leaseLife / 3 - 1);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([`renew fill-place:docker.io:0 ${leaseLife}`]);
  await held?.release();
  expect(taken.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('fills are not limited without a number, or while leases are unavailable', async () => {
  await place(undefined);
  isFailing = true;
  const first = await place(1);
  expect(await place(1)).toBeDefined();
  await first?.release();
  expect(taken.size).toBe(0);
});

test.each([
  [undefined, 0.5, 1],
  [1, 0.5, 2],
  [8, 0.5, 256],
  [9, 0.5, 300],
  [1000, 0.5, 300],
  [1, 0, 1],
  [1, 1, 3],
])('a job that was deferred %s times comes back with %d after %d s', (deferrals, by, seconds) => {
  expect(defer({ ...job, deferrals }, by)).toEqual({
    kind: 'deferred',
    afterSeconds: seconds,
    reason: 'other fills of docker.io run',
  });
});

test('a deferred job counts its deferrals', () => {
  expect(deferredJob(job)).toEqual({ ...job, deferrals: 1 });
  expect(deferredJob({ ...job, deferrals: 4 })).toEqual({ ...job, deferrals: 5 });
});
