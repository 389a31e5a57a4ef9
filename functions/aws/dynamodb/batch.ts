import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { backOff } from '../sdk/backoff.ts';
import { ServiceError } from '../sdk/service-error.ts';
import { type Item, type Key, keyItem } from './item.ts';
import { type DynamoDbTable, projection } from './table.ts';

/** DynamoDB's limits per call. */
const mostWrites = 25;
const mostReads = 100;

/** Batches in flight at once. */
const parallel = 4;

/** How often items that a throttled table left unprocessed are sent again. */
const mostRounds = 8;
const pauses = { first: 25, growth: 2, longest: 1000 };

/** Writes of several items, unordered and unconditional. */
export interface BatchWrite {
  readonly put?: readonly Item[];
  readonly remove?: readonly Key[];
}

/**
 * Writes any number of items (BatchWriteItem) and retries UnprocessedItems. If it rejects with a
 * ServiceError, some items may have been written.
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

/** Reads attributes of any number of items, unordered. Missing items are left out. */
export async function readBatch(
  table: DynamoDbTable,
  keys: readonly Key[],
  attributes: readonly string[],
): Promise<Item[]> {
  const options = { ConsistentRead: true, ...projection(attributes) };
  const found: Item[] = [];
  await forEachInParallel(slices(keys.map(keyItem), mostReads), async (slice) => {
    await untilDone('BatchGetItem', slice, async (rest) => {
      const { items, left } = await table.getBatch({ ...options, Keys: [...rest] });
      for (const item of items) found.push(item);
      return left;
    });
  });
  return found;
}

/** Runs work on every entry, a few at a time. Starts no more after a failure, and rejects. */
export async function forEachInParallel<Entry>(
  entries: readonly Entry[],
  work: (entry: Entry) => Promise<unknown>,
): Promise<void> {
  const waiting = entries.values();
  let failed = false;
  const worker = async () => {
    for (const entry of waiting) {
      if (failed) return;
      await work(entry).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: parallel }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function untilDone<Entry>(
  action: string,
  entries: readonly Entry[],
  send: (entries: readonly Entry[]) => Promise<readonly Entry[]>,
): Promise<void> {
  let left = entries;
  for (let round = 1; round <= mostRounds; round++) {
    left = await send(left);
    if (left.length === 0) return;
    await backOff(round, pauses);
  }
  const message = `${action}: ${left.length} items were not processed`;
  throw new ServiceError(message, { code: 'Unprocessed' });
}

function slices<Entry>(entries: readonly Entry[], size: number): Entry[][] {
  const count = Math.ceil(entries.length / size);
  return Array.from({ length: count }, (_, at) => entries.slice(at * size, (at + 1) * size));
}
