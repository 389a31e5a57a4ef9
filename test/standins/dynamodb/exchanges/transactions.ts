import { expect } from 'vitest';
import { key, left, n, names, put, s, when } from '../calls.ts';
import type { Ask, Exchange } from '../exchange.ts';

type Json = Readonly<Record<string, unknown>>;

const invalid = { code: 'ValidationException' };
const cancelled = 'TransactionCanceledException';
const refused = { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' };
const fine = { Code: 'None' };
const isNew = when('attribute_not_exists(#pk)');
const table = { TableName: '{table}' };

/** Puts a blob that must be new. */
export const Put = (sk: string, more: Json = isNew): Json => ({
  Put: { ...table, Item: { ...key(sk), size: n(10) }, ...more },
});
/** Takes a blob that must be there. */
const Delete = (sk: string, more: Json = when('attribute_exists(#pk)')): Json => ({
  Delete: { ...table, Key: key(sk), ...more },
});
const ConditionCheck = (sk: string, more: Json): Json => ({
  ConditionCheck: { ...table, Key: key(sk), ...more },
});
/** Adds to what all blobs take together. */
export const Add = (bytes: number): Json => ({
  Update: {
    ...{ ...table, Key: key('used'), UpdateExpression: 'ADD #bytes :bytes' },
    ...{ ...names('#bytes'), ExpressionAttributeValues: { ':bytes': n(bytes) } },
  },
});

/** A transaction of these operations. */
export function together(items: readonly Json[], more: Json = {}): Ask {
  return { action: 'TransactWriteItems', input: { TransactItems: items, ...more } };
}

const used = (bytes: number) => put({ ...key('used'), bytes: n(bytes) });

/** TransactWriteItems: all of it or nothing, once for each token. */
export const transactions: readonly Exchange[] = [
  {
    name: 'an item and its count',
    ask: together([Put('blob'), Add(10)]),
    expect: {},
    after: [left({ size: n(10) }, 'blob'), left({ bytes: n(10) }, 'used')],
  },
  {
    name: 'a condition that does not hold keeps the count as it was',
    given: [put({ ...key('blob'), size: n(7) }), used(7)],
    ask: together([Put('blob'), Add(10)]),
    expect: { code: cancelled, answer: { CancellationReasons: [refused, fine] } },
    after: [left({ size: n(7) }, 'blob'), left({ bytes: n(7) }, 'used')],
  },
  {
    name: 'what came before the condition that does not hold is taken back',
    given: [used(7)],
    ask: together([Add(-10), Put('other'), Delete('blob')]),
    expect: { code: cancelled, answer: { CancellationReasons: [fine, fine, refused] } },
    after: [left(undefined, 'other'), left({ bytes: n(7) }, 'used')],
  },
  {
    name: 'an item goes, and its count',
    given: [put({ ...key('blob'), size: n(7) }), used(17)],
    ask: together([Delete('blob'), Add(-7)]),
    expect: {},
    after: [left(undefined, 'blob'), left({ bytes: n(10) }, 'used')],
  },
  {
    name: 'the reason shows the stored item if asked to',
    given: [put({ ...key('blob'), size: n(7) })],
    ask: together([
      Put('blob', { ...isNew, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      Add(10),
    ]),
    expect: {
      code: cancelled,
      answer: {
        CancellationReasons: [{ ...refused, Item: { ...key('blob'), size: n(7) } }, fine],
      },
    },
  },
  {
    name: 'a condition about an item that stays as it is',
    given: [put({ ...key('manifest'), generation: n(4) })],
    ask: together([
      ConditionCheck('manifest', when('#generation = :generation', { ':generation': n(5) })),
      Put('blob'),
    ]),
    expect: { code: cancelled, answer: { CancellationReasons: [refused, fine] } },
    after: [left(undefined, 'blob'), left({ generation: n(4) }, 'manifest')],
  },
  {
    name: 'a repeat by its token is done once',
    given: [together([Add(10)], { ClientRequestToken: '{row}' })],
    ask: together([Add(10)], { ClientRequestToken: '{row}' }),
    expect: {},
    after: [left({ bytes: n(10) }, 'used')],
    differs: [{ at: 'moto', expect: {}, after: [left({ bytes: n(20) }, 'used')] }],
  },
  {
    name: 'a token that was of something else',
    given: [together([Add(10)], { ClientRequestToken: '{row}' })],
    ask: together([Add(11)], { ClientRequestToken: '{row}' }),
    expect: { code: 'IdempotentParameterMismatchException' },
    differs: [{ at: 'moto', expect: {} }],
  },
  {
    name: 'two operations on one item',
    ask: together([Put('blob'), Delete('blob')]),
    expect: invalid,
    after: [left(undefined, 'blob')],
  },
  {
    name: '100 items',
    ask: together(Array.from({ length: 100 }, (_, at) => Put(`blob ${at}`))),
    expect: {},
    after: [left({ size: n(10) }, 'blob 99')],
  },
  {
    name: '101 items',
    ask: together(Array.from({ length: 101 }, (_, at) => Put(`blob ${at}`))),
    expect: invalid,
  },
  { name: 'no items', ask: together([]), expect: invalid, differs: [{ at: 'moto', expect: {} }] },
  {
    name: 'ADD to a text',
    given: [put({ ...key('used'), bytes: s('7') })],
    ask: together([Put('blob'), Add(10)]),
    expect: {
      code: cancelled,
      answer: {
        CancellationReasons: [fine, expect.objectContaining({ Code: 'ValidationError' })],
      },
    },
    after: [left(undefined, 'blob'), left({ bytes: s('7') }, 'used')],
    differs: [{ at: 'moto', expect: invalid }],
  },
  {
    name: 'in a table that is not there',
    ask: together([{ Put: { TableName: '{table}-else', Item: key() } }]),
    expect: { code: 'ResourceNotFoundException' },
  },
];
