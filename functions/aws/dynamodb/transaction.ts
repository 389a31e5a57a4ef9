import { randomUUID } from 'node:crypto';
import { type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { StoreBusy } from '../../core/ports/leases.ts';
import { backOff } from '../sdk/backoff.ts';
import { ServiceError } from '../sdk/service-error.ts';
import { type Item, type Key, keyItem } from './item.ts';
import { type Condition, conditional, type DynamoDbTable, type Update } from './table.ts';

/** How often a transaction that conflicts with another one is sent. */
const mostRounds = 10;
const pauses = { first: 20, growth: 2, longest: 400 };

/** A write of one item in a transaction. */
export type Write =
  | ({ readonly put: Item } & Partial<Condition>)
  | ({ readonly change: Key } & Pick<Update, 'update' | 'condition' | 'values'>)
  | ({ readonly remove: Key } & Partial<Condition>);

/**
 * Applies all writes, of different items, or none. They are applied once even if a response is lost
 * and the call is repeated. False if a condition did not hold. A transaction costs twice the units of
 * its writes.
 */
export async function transact(table: DynamoDbTable, writes: readonly Write[]): Promise<boolean> {
  for (let round = 1; round <= mostRounds; round++) {
    const outcome = await sendOnce(table, writes);
    if (outcome !== 'conflict') return outcome === 'written';
    await backOff(round, pauses);
  }
  throw new StoreBusy('other transactions change the same items');
}

/** Why a transaction is cancelled that can be sent again. */
const passing = new Set([
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
  'TransactionConflict',
]);

async function sendOnce(
  table: DynamoDbTable,
  writes: readonly Write[],
): Promise<'written' | 'refused' | 'conflict'> {
  try {
    await table.call((client, name) => {
      const TransactItems = writes.map((write) => transactItem(name, write));
      // The SDK repeats the call with the same token.
      const input = { TransactItems, ClientRequestToken: randomUUID() };
      return client.send(new TransactWriteItemsCommand(input));
    });
    return 'written';
  } catch (error) {
    const reasons = error instanceof ServiceError ? error.reasons : [];
    if (reasons.includes('ConditionalCheckFailed')) return 'refused';
    if (reasons.some((reason) => passing.has(reason))) return 'conflict';
    throw error;
  }
}

function transactItem(TableName: string, write: Write): TransactWriteItem {
  const { condition, values } = write;
  if ('put' in write) {
    return { Put: { TableName, Item: write.put, ...conditional([condition], values) } };
  }
  if ('remove' in write) {
    const Key = keyItem(write.remove);
    return { Delete: { TableName, Key, ...conditional([condition], values) } };
  }
  const { change, update } = write;
  return {
    Update: {
      TableName,
      Key: keyItem(change),
      UpdateExpression: update,
      ...conditional([condition, update], values),
    },
  };
}
