import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { backOff } from '../sdk/backoff.ts';
import { ServiceError } from '../sdk/service-error.ts';
import { type Item, type Key, keyItem } from './item.ts';
import { type DynamoDbTable, projection } from './table.ts';

/** DynamoDB's own bounds of one call. */
const mostWrites = 25;
const mostReads = 100;

/** Batches under way at once. */
const parallel = 4;

/** How often what a throttled table left undone is asked for again. */
const mostRounds = 8;
const pauses = { first: 25, growth: 2, longest: 1000 };

/** Writes of several items, in no order and without conditions. */
export interface BatchWrite {
  readonly put?: readonly Item[];
  readonly remove?: readonly Key[];
}

/**
 * Writes many items, however few the table takes at a time (BatchWriteItem, UnprocessedItems).
 * Rejects with a ServiceError when it does not take all: some may then be written.
 */
export async function writeBatch(
  table: DynamoDbTable,
  { put = [], remove = [] }: BatchWrite,
): Promise<void> {
  const requests: WriteRequest[] = [
    ...put.map((item) => ({ PutRequest: { Item: item } })),
    ...remove.map((key) => ({ DeleteRequest: { Key: keyItem(key) } })),
  ];
  await forEachInParallel(slices(requests, mostWrites), async (slice) => {
    await untilDone('BatchWriteItem', slice, (left) => table.writeBatch(left));
  });
}

/** Reads attributes of many items, in no order; those that are not there are left out. */
export async function readBatch(
  table: DynamoDbTable,
  keys: readonly Key[],
  attributes: readonly string[],
): Promise<Item[]> {
  const wanted = { ConsistentRead: true, ...projection(attributes) };
  const found: Item[] = [];
  await forEachInParallel(slices(keys.map(keyItem), mostReads), async (slice) => {
    await untilDone('BatchGetItem', slice, async (asked) => {
      const { items, left } = await table.getBatch({ ...wanted, Keys: [...asked] });
      found.push(...items);
      return left;
    });
  });
  return found;
}

/** Runs work on every entry, a few at a time. After a failure no more is begun, and it rejects. */
export async function forEachInParallel<Entry>(
  entries: readonly Entry[],
  work: (entry: Entry) => Promise<unknown>,
): Promise<void> {
  const waiting = entries.values();
  let failed = false;
  const lane = async () => {
    for (const entry of waiting) {
      if (failed) return;
      await work(entry).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: parallel }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}

async function untilDone<Entry>(
  action: string,
  entries: readonly Entry[],
  ask: (left: readonly Entry[]) => Promise<readonly Entry[]>,
): Promise<void> {
  let left = entries;
  for (let round = 1; round <= mostRounds; round++) {
    left = await ask(left);
    if (left.length === 0) return;
    await backOff(round, pauses);
  }
  const message = `${action}: ${left.length} of the items were not processed`;
  throw new ServiceError(message, { code: 'Unprocessed' });
}

function slices<Entry>(entries: readonly Entry[], size: number): Entry[][] {
  const count = Math.ceil(entries.length / size);
  return Array.from({ length: count }, (_, at) => entries.slice(at * size, (at + 1) * size));
}
