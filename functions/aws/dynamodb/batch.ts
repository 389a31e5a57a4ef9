import { backOff } from '../sdk/backoff.ts';
import type { JsonObject } from '../sdk/json-service.ts';
import { ServiceError } from '../sdk/service-error.ts';
import { type Item, type Key, keyItem, placeholders } from './item.ts';
import type { DynamoDbTable } from './table.ts';

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
  const requests: JsonObject[] = [
    ...put.map((item) => ({ PutRequest: { Item: item } })),
    ...remove.map((key) => ({ DeleteRequest: { Key: keyItem(key) } })),
  ];
  await forEachInParallel(slices(requests, mostWrites), async (slice) => {
    await untilDone('BatchWriteItem', slice, async (left) => {
      const { unprocessed } = await table.batch('BatchWriteItem', left);
      return readObjects(unprocessed);
    });
  });
}

/** Reads attributes of many items, in no order; those that are not there are left out. */
export async function readBatch(
  table: DynamoDbTable,
  keys: readonly Key[],
  attributes: readonly string[],
): Promise<Item[]> {
  const expression = attributes.map((name) => `#${name}`).join(', ');
  const wanted = {
    ConsistentRead: true,
    ProjectionExpression: expression,
    ...placeholders([expression], undefined),
  };
  const found: Item[] = [];
  await forEachInParallel(slices(keys.map(keyItem), mostReads), async (slice) => {
    await untilDone('BatchGetItem', slice, async (left) => {
      const { items, unprocessed } = await table.batch('BatchGetItem', { ...wanted, Keys: left });
      found.push(...items);
      return readObjects(recordOf(unprocessed).Keys);
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
  ask: (left: readonly (Entry | JsonObject)[]) => Promise<readonly JsonObject[]>,
): Promise<void> {
  let left: readonly (Entry | JsonObject)[] = entries;
  for (let round = 1; round <= mostRounds; round++) {
    left = await ask(left);
    if (left.length === 0) return;
    await backOff(round, pauses);
  }
  const about = { code: 'Unprocessed', retryable: true, untouched: false };
  throw new ServiceError(`${action}: ${left.length} of the items were not processed`, about);
}

function readObjects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function slices<Entry>(entries: readonly Entry[], size: number): Entry[][] {
  const count = Math.ceil(entries.length / size);
  return Array.from({ length: count }, (_, at) => entries.slice(at * size, (at + 1) * size));
}
