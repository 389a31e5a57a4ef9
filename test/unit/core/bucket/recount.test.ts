import { beforeEach, expect, test } from 'vitest';
import type { PartCount } from '../../../../functions/core/bucket/blob-index.ts';
import { BucketRecount } from '../../../../functions/core/bucket/recount.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const week = 7 * 86_400_000;
const hour = 3_600_000;

let now: number;
let reads: number;
let counts: PartCount[];
let listed: Record<string, number[]>;
let corrected: [string, number][];
let recount: BucketRecount;

beforeEach(() => {
  now = 10 * week;
  reads = 0;
  counts = ['a', 'b', 'c'].map((part) => ({ part, counted: now - week, changes: 1, added: 1 }));
  listed = { a: [1, 2], b: [], c: [4] };
  corrected = [];
  recount = new BucketRecount({
    index: {
      async counts() {
        reads += 1;
        return counts;
      },
      async correct({ part }, bytes, at) {
        corrected.push([part, bytes]);
        counts = counts.map((one) => (one.part === part ? { ...one, counted: at } : one));
      },
    },
    async *listPart(part) {
      for (const size of listed[part] ?? []) yield { digest: madeDigest('x'), size, stored: 1 };
    },
    now: () => now,
  });
});

const always = async () => true;

test('it is due after a week, and looks once an hour', async () => {
  expect(await recount.isDue()).toBe(false);
  now += hour - 1;
  expect(await recount.isDue()).toBe(false);
  await recount.run(always);
  expect([reads, corrected]).toEqual([1, []]);
  now += 1;
  expect(await recount.isDue()).toBe(true);
  expect(await recount.isDue()).toBe(true);
  expect(reads).toBe(3);
});

test('it corrects each part, and is then not due', async () => {
  now += 1;
  await recount.run(always);
  expect(corrected).toEqual([
    ['a', 3],
    ['b', 0],
    ['c', 4],
  ]);
  const before = reads;
  expect(await recount.isDue()).toBe(false);
  expect(reads).toBe(before);
});

test.each([0, 1, 2])('without time after %d parts it ends, and goes on later', async (parts) => {
  now += 1;
  let left = parts;
  await recount.run(async () => left-- > 0);
  expect(corrected).toHaveLength(parts);
  expect(await recount.isDue()).toBe(true);
  await recount.run(always);
  expect(corrected.map(([part]) => part)).toEqual(['a', 'b', 'c']);
});

test('it asks whether there is time once for a thousand blobs', async () => {
  now += 1;
  listed = { a: Array.from({ length: 1001 }, () => 1) };
  counts = counts.slice(0, 1);
  let asked = 0;
  await recount.run(async () => {
    asked += 1;
    return true;
  });
  expect([asked, corrected]).toEqual([2, [['a', 1001]]]);
});

test('a part that is no longer counted is left out', async () => {
  now += 1;
  const [first] = counts;
  let calls = 0;
  const unsteady = new BucketRecount({
    index: {
      counts: async () => (calls++ === 0 && first !== undefined ? [first] : []),
      correct: () => Promise.reject(new Error('nothing is to be corrected')),
    },
    async *listPart() {},
    now: () => now,
  });
  await unsteady.run(always);
  expect(calls).toBe(2);
});
