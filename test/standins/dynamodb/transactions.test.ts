import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { left, n } from './calls.ts';
import { Add, Put, together, transactions } from './exchanges/transactions.ts';
import { type OpenedDynamoDb, openDynamoDb } from './open-dynamodb.ts';
import { perform, runExchange } from './run-exchange.ts';

let opened: OpenedDynamoDb;
beforeAll(async () => {
  opened = await openDynamoDb();
});
afterAll(() => opened.close());

test.each(transactions.map((exchange) => [exchange.name, exchange] as const))(
  '%s',
  async (_name, exchange) => {
    await runExchange(exchange, opened);
  },
);

test('of many transactions that put an item and count it one is done, and is counted', async () => {
  const row = randomUUID();
  const asks = Array.from({ length: 20 }, () => together([Put('blob'), Add(10)]));
  const answers = await Promise.all(asks.map((ask) => perform(ask, row, opened)));
  const codes = answers.map(({ code }) => code).toSorted();
  expect(codes).toEqual([...asks.slice(1).map(() => 'TransactionCanceledException'), undefined]);
  const { body } = await perform(left({}, 'used').ask, row, opened);
  expect(body.Item).toMatchObject({ bytes: n(10) });
});
