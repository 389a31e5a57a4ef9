import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { left, n, names, put, s, update, when } from './calls.ts';
import type { Ask } from './exchange.ts';
import { type OpenedDynamoDb, openDynamoDb } from './open-dynamodb.ts';
import { perform } from './run-exchange.ts';

let opened: OpenedDynamoDb;
beforeAll(async () => {
  opened = await openDynamoDb();
});
afterAll(() => opened.close());

/** The codes of calls that are made at the same moment, and the item that they leave. */
async function atOnce(asks: readonly Ask[]) {
  const row = randomUUID();
  const answers = await Promise.all(asks.map((ask) => perform(ask, row, opened)));
  const { body } = await perform(left({}).ask, row, opened);
  return { codes: answers.map(({ code }) => code), item: body.Item };
}

const fifty = Array.from({ length: 50 }, (_, at) => at);
const refusedButOne = [...fifty.slice(1).map(() => 'ConditionalCheckFailedException'), undefined];

test('of many puts under one condition the first wins', async () => {
  for (let round = 0; round < 5; round++) {
    const puts = fifty.map((at) => put({ at: n(at) }, when('attribute_not_exists(#pk)')));
    const { codes, item } = await atOnce(puts);
    expect(codes.toSorted()).toEqual(refusedButOne);
    expect(item).toMatchObject({ at: n(codes.indexOf(undefined)) });
  }
});

test('of many that want a lease one gets it', async () => {
  const lease = 'SET #fence = if_not_exists(#fence, :now) + :one, #holder = :holder';
  for (let round = 0; round < 5; round++) {
    const updates = fifty.map((at) =>
      update(
        lease,
        { ':now': n(100), ':one': n(1), ':holder': s(`${at}`) },
        { ConditionExpression: 'attribute_not_exists(#pk)', ...names(`${lease} #pk`) },
      ),
    );
    const { codes, item } = await atOnce(updates);
    expect(codes.toSorted()).toEqual(refusedButOne);
    expect(item).toMatchObject({ fence: n(101), holder: s(`${codes.indexOf(undefined)}`) });
  }
});

test('no count is lost', async () => {
  const counts = [...fifty, ...fifty, ...fifty, ...fifty].map(() =>
    update('ADD #bytes :bytes', { ':bytes': n(3) }, names('#bytes')),
  );
  const { codes, item } = await atOnce(counts);
  expect(codes.filter((code) => code !== undefined)).toEqual([]);
  expect(item).toMatchObject({ bytes: n(600) });
});
