import { expect, test } from 'vitest';
import {
  forEachInParallel,
  readBatch,
  writeBatch,
} from '../../../../functions/aws/dynamodb/batch.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { withoutWaiting } from '../../../fake-timers.ts';

const keys = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ pk: 'p', sk: `${at}` }));
const itemOf = ({ pk, sk }: { pk: string; sk: string }) => ({ pk: { S: pk }, sk: { S: sk } });

/** A table that leaves some entries of each call unprocessed. */
function tableOf(leftOf: (call: number) => number = () => 0) {
  const sizes: number[] = [];
  const requests: object[] = [];
  const left = <Entry>(entries: readonly Entry[]) => {
    sizes.push(entries.length);
    return entries.slice(0, leftOf(sizes.length));
  };
  const table = {
    async writeBatch(entries: readonly object[]) {
      requests.push(...entries);
      return left(entries);
    },
    async getBatch(request: { Keys: object[] }) {
      requests.push(request);
      const rest = left(request.Keys);
      return { items: request.Keys.slice(rest.length), left: rest };
    },
  };
  return { table: table as unknown as DynamoDbTable, sizes, requests };
}

test('writes go in batches of 25, puts and removals together', async () => {
  const { table, sizes, requests } = tableOf();
  await writeBatch(table, { put: keys(20).map(itemOf), remove: keys(31) });
  expect(sizes).toEqual([25, 25, 1]);
  expect(requests[0]).toEqual({ PutRequest: { Item: { pk: { S: 'p' }, sk: { S: '0' } } } });
  expect(requests[20]).toEqual({ DeleteRequest: { Key: { pk: { S: 'p' }, sk: { S: '0' } } } });
});

test('nothing to write or to read makes no call', async () => {
  const { table, sizes } = tableOf();
  await writeBatch(table, {});
  expect(await readBatch(table, [], ['pk'])).toEqual([]);
  expect(sizes).toEqual([]);
});

test('reads go in batches of 100 and are strongly consistent', async () => {
  const { table, sizes, requests } = tableOf();
  expect(await readBatch(table, keys(101), ['pk', 'size'])).toHaveLength(101);
  expect(sizes).toEqual([100, 1]);
  expect(requests[0]).toMatchObject({
    ConsistentRead: true,
    ProjectionExpression: '#pk, #size',
    ExpressionAttributeNames: { '#pk': 'pk', '#size': 'size' },
  });
});

test('what was not processed is sent again, and only that', async () => {
  const { table, sizes } = tableOf((call) => [3, 1, 0][call - 1] ?? 0);
  const found = await withoutWaiting(() => readBatch(table, keys(5), ['pk']));
  expect(sizes).toEqual([5, 3, 1]);
  expect(found).toHaveLength(5);
});

test('what is not processed in eight rounds is an error', async () => {
  const { table, sizes } = tableOf(() => 2);
  const writing = withoutWaiting(() => writeBatch(table, { remove: keys(5) }));
  await expect(writing).rejects.toMatchObject({
    code: 'Unprocessed',
    message: 'BatchWriteItem: 2 items were not processed',
  });
  expect(sizes).toEqual([5, ...Array(7).fill(2)]);
});

test('an eighth round may be the last', async () => {
  const { table, sizes } = tableOf((call) => (call < 8 ? 1 : 0));
  await withoutWaiting(() => writeBatch(table, { remove: keys(1) }));
  expect(sizes).toHaveLength(8);
});

test('four entries are worked on at a time', async () => {
  let running = 0;
  let most = 0;
  await forEachInParallel(keys(9), async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  expect(most).toBe(4);
});

test('after a failure no more begin, and those under way end first', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = forEachInParallel([...Array(20).keys()], async (entry) => {
    begun.push(entry);
    if (entry === 1) throw new Error('failed');
    await new Promise((resolve) => setImmediate(resolve));
    ended += 1;
  });
  await expect(work).rejects.toThrow('failed');
  expect(begun).toEqual([0, 1, 2, 3]);
  expect(ended).toBe(3);
});
