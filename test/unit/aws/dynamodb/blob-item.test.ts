import { expect, test } from 'vitest';
import {
  blobItemKey,
  getBlob,
  readBlob,
  readOnlyBlobIndex,
} from '../../../../functions/aws/dynamodb/blob-item.ts';
import type { Item } from '../../../../functions/aws/dynamodb/item.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const item: Item = { pk: { S: `blob#${digest}` }, size: { N: '5' } };
const blob = { digest, size: 5, stored: 0, condemned: undefined, isDeleting: false };

test('a blob is read with what is known of it', () => {
  expect(readBlob(item)).toEqual(blob);
  const more = { stored: { N: '7' }, condemned: { N: '8' }, deleting: { N: '9' } };
  expect(readBlob({ ...item, ...more })).toEqual({
    ...blob,
    stored: 7,
    condemned: 8,
    isDeleting: true,
  });
});

test.each([
  ['without a size', { pk: item.pk }],
  ['of another kind', { ...item, pk: { S: 'tag#x' } }],
])('an item %s is no blob', (_, other) => {
  expect(readBlob(other as Item)).toBeUndefined();
});

/** A table that has this item, or none. */
const tableOf = (found: Item | undefined) =>
  ({
    get: async (key: object) => {
      expect(key).toEqual(blobItemKey(digest));
      return found;
    },
  }) as unknown as DynamoDbTable;

test('a blob that is not stored is undefined', async () => {
  expect(await getBlob(tableOf(item), digest)).toEqual(blob);
  expect(await getBlob(tableOf(undefined), digest)).toBeUndefined();
});

test('the index of the pull function reads blobs, and writes nothing', async () => {
  const index = readOnlyBlobIndex(tableOf(item));
  expect(await index.get(digest)).toEqual(blob);
  expect(await index.condemnedBefore(1, 1)).toEqual([]);
  expect(await index.used()).toBe(0);
  for (const write of ['put', 'condemn', 'restore', 'claim', 'forget'] as const) {
    await expect((index[write] as () => Promise<unknown>)()).rejects.toThrow('may not write blobs');
  }
  expect(() => (index.reconcile as unknown as () => void)()).toThrow('does not list blobs');
});
