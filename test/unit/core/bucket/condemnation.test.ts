import { beforeEach, expect, test } from 'vitest';
import { blobKey } from '../../../../functions/core/bucket/blob-key.ts';
import { BucketCondemnation } from '../../../../functions/core/bucket/condemnation.ts';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { IndexInMemory } from './index-in-memory.ts';

const digest = madeDigest('a blob');
const blob = { digest, size: 6, stored: 1 };
const [memoryLife, readLife, tolerance] = [1000, 500, 600_000];

let now: number;
let index: IndexInMemory;
let deleted: string[];
let forgotten: Digest[];
let condemnation: BucketCondemnation;

beforeEach(() => {
  now = 1_000_000;
  index = new IndexInMemory();
  deleted = [];
  forgotten = [];
  condemnation = new BucketCondemnation({
    bucket: { delete: async (key) => void deleted.push(key) },
    index,
    memoryLife,
    readLife,
    forgetHere: (digest) => forgotten.push(digest),
    now: () => now,
  });
});

test('a condemned blob is readable for two lives of what is remembered', () => {
  expect(condemnation.isReadable(undefined)).toBe(false);
  const indexed = { ...blob, condemned: undefined, isDeleting: false };
  expect(condemnation.isReadable(indexed)).toBe(true);
  const condemned = { ...indexed, condemned: now };
  expect(condemnation.isReadable(condemned)).toBe(true);
  expect(condemnation.isReadable({ ...condemned, isDeleting: true })).toBe(false);
  now += 2 * memoryLife - 1;
  expect(condemnation.isReadable(condemned)).toBe(true);
  now += 1;
  expect(condemnation.isReadable(condemned)).toBe(false);
});

test('it is due after three lives, a read, and what clocks differ', async () => {
  await index.put(blob);
  expect(await condemnation.condemn(digest)).toMatchObject(blob);
  expect(await condemnation.condemn(digest)).toBeUndefined();
  expect(forgotten).toEqual([digest, digest]);
  const due = { digest, since: now };
  expect(condemnation.wait).toBe(3 * memoryLife + readLife + tolerance);
  now += condemnation.wait;
  expect(await condemnation.due(10)).toEqual([]);
  now += 1;
  expect(await condemnation.due(10)).toEqual([due]);
  expect(await condemnation.due(0)).toEqual([]);
  await condemnation.restore(digest);
  expect(await condemnation.due(10)).toEqual([]);
});

test('its object is deleted before its entry, and what this instance remembers after both', async () => {
  await index.put(blob);
  await condemnation.condemn(digest);
  const due = { digest, since: now };
  forgotten = [];
  index.calls.length = 0;
  await condemnation.erase(due);
  expect(deleted).toEqual([blobKey(digest)]);
  expect(index.calls).toEqual(['claim', 'forget']);
  expect(index.rows.size).toBe(0);
  expect(forgotten).toEqual([digest]);
});

test('a blob that was restored is not deleted', async () => {
  await index.put(blob);
  await condemnation.condemn(digest);
  await condemnation.restore(digest);
  await condemnation.erase({ digest, since: now });
  expect(deleted).toEqual([]);
  expect(index.calls).not.toContain('forget');
  expect(index.rows.get(digest)).toMatchObject(blob);
});
