import { expect, test } from 'vitest';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { transact } from '../../../../functions/aws/dynamodb/transaction.ts';
import { ServiceError } from '../../../../functions/aws/sdk/service-error.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { withoutWaiting } from '../../../fake-timers.ts';

interface Sent {
  readonly TransactItems: readonly object[];
  readonly ClientRequestToken: string;
}

/** A table that cancels the first calls for these reasons. */
function tableOf(...failures: (readonly string[] | Error)[]) {
  const sent: Sent[] = [];
  const client = {
    async send({ input }: { input: Sent }) {
      sent.push(input);
      const failure = failures[sent.length - 1];
      if (failure instanceof Error) throw failure;
      if (failure === undefined) return {};
      throw new ServiceError('cancelled', {
        code: 'TransactionCanceledException',
        reasons: failure,
      });
    },
  };
  const table = {
    call: (make: (...about: [typeof client, string]) => unknown) => make(client, 'images'),
  };
  return { table: table as unknown as DynamoDbTable, sent };
}

const key = { pk: 'p', sk: 's' };
const Key = { pk: { S: 'p' }, sk: { S: 's' } };
const writes = [{ remove: key }] as const;

test('each kind of write is sent with its condition and values', async () => {
  const { table, sent } = tableOf();
  const values = { ':x': { N: '1' } };
  const change = { change: key, update: 'SET #x = :x', condition: '#y < :x', values };
  const put = { put: Key, condition: 'attribute_not_exists(#pk)' };
  const remove = { remove: key, condition: '#x = :x', values };
  expect(await transact(table, [put, change, remove, { put: Key }])).toBe(true);
  const about = { TableName: 'images' };
  expect(sent[0]?.TransactItems).toEqual([
    {
      Put: {
        ...about,
        Item: Key,
        ConditionExpression: 'attribute_not_exists(#pk)',
        ExpressionAttributeNames: { '#pk': 'pk' },
      },
    },
    {
      Update: {
        ...about,
        Key,
        UpdateExpression: 'SET #x = :x',
        ConditionExpression: '#y < :x',
        ExpressionAttributeNames: { '#x': 'x', '#y': 'y' },
        ExpressionAttributeValues: values,
      },
    },
    {
      Delete: {
        ...about,
        Key,
        ConditionExpression: '#x = :x',
        ExpressionAttributeNames: { '#x': 'x' },
        ExpressionAttributeValues: values,
      },
    },
    { Put: { ...about, Item: Key } },
  ]);
});

test('a condition that does not hold is no error, even beside a conflict', async () => {
  const { table, sent } = tableOf(['None', 'TransactionConflict', 'ConditionalCheckFailed']);
  expect(await transact(table, writes)).toBe(false);
  expect(sent).toHaveLength(1);
});

test.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
  'a transaction cancelled by %s is sent again, as another one',
  async (reason) => {
    const { table, sent } = tableOf(['None', reason], [reason]);
    expect(await withoutWaiting(() => transact(table, writes))).toBe(true);
    expect(new Set(sent.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(3);
  },
);

test('after ten conflicts the store is busy', async () => {
  const conflicts = Array(10).fill(['TransactionConflict']);
  const { table, sent } = tableOf(...conflicts);
  const busy = withoutWaiting(() => transact(table, writes));
  await expect(busy).rejects.toThrow(StoreBusy);
  expect(sent).toHaveLength(10);
  expect(await withoutWaiting(() => transact(tableOf(...conflicts.slice(1)).table, writes))).toBe(
    true,
  );
});

test('any other failure is passed on', async () => {
  const errors = [
    new ServiceError('down', { code: 'Unreachable' }),
    new ServiceError('wrong', { code: 'X', reasons: ['ValidationError'] }),
    new Error('a bug'),
  ];
  for (const error of errors)
    await expect(transact(tableOf(error).table, writes)).rejects.toBe(error);
});
