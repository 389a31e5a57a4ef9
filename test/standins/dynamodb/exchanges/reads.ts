import { expect } from 'vitest';
import { b, call, key, n, names, put, s } from '../calls.ts';
import type { Ask, Exchange } from '../exchange.ts';

const invalid = { code: 'ValidationException' };
const of = (...sorts: readonly string[]) => sorts.map((sk) => put({ ...key(sk), at: s(sk) }));
const item = (sk: string) => ({ ...key(sk), at: s(sk) });

/** A query of the row's partition; `range` is of the sort keys. */
function query(
  range: string | undefined,
  values: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Ask {
  const condition = range === undefined ? '#pk = :pk' : `#pk = :pk AND ${range}`;
  return call('Query', {
    KeyConditionExpression: condition,
    ConsistentRead: true,
    ...names(condition),
    ExpressionAttributeValues: { ':pk': s('{row}'), ...values },
    ...more,
  });
}

/** GetItem and Query: order, ranges, pages and what is left out. */
export const reads: readonly Exchange[] = [
  {
    name: 'GetItem of nothing',
    ask: call('GetItem', { Key: key(), ConsistentRead: true }),
    expect: { answer: { Item: undefined } },
  },
  {
    name: 'GetItem of some attributes',
    given: [put({ at: n(1), other: s('x') })],
    ask: call('GetItem', {
      ...{ Key: key(), ConsistentRead: true },
      ...{ ProjectionExpression: '#at, #missing', ...names('#at #missing') },
    }),
    expect: { answer: { Item: { at: n(1) } } },
  },
  {
    name: 'GetItem of none of its attributes',
    given: [put({ at: n(1) })],
    ask: call('GetItem', {
      ...{ Key: key(), ConsistentRead: true },
      ...{ ProjectionExpression: '#missing', ...names('#missing') },
    }),
    expect: { answer: { Item: {} } },
  },
  {
    name: 'GetItem without the sort key',
    ask: call('GetItem', { Key: { pk: s('{row}') } }),
    expect: invalid,
  },
  {
    name: 'GetItem with an empty sort key',
    ask: call('GetItem', { Key: key('') }),
    expect: invalid,
  },
  {
    name: 'a Query of nothing',
    ask: query(undefined),
    expect: { answer: { Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: undefined } },
  },
  {
    name: 'a Query goes by the bytes of the sort keys',
    given: of('b', 'B', 'a-b', 'a', 'é', 'a.b', '10', '9'),
    ask: query(undefined),
    expect: {
      answer: { Items: ['10', '9', 'B', 'a', 'a-b', 'a.b', 'b', 'é'].map(item), Count: 8 },
    },
  },
  {
    name: 'behind a sort key',
    given: of('a', 'b', 'c'),
    ask: query('#sk > :start', { ':start': s('a ') }),
    expect: { answer: { Items: ['b', 'c'].map(item), LastEvaluatedKey: undefined } },
  },
  {
    name: 'with a beginning',
    given: of('a#1', 'a#2', 'a1', 'b'),
    ask: query('begins_with(#sk, :prefix)', { ':prefix': s('a#') }),
    expect: { answer: { Items: ['a#1', 'a#2'].map(item) } },
  },
  {
    name: 'between two sort keys, both included',
    given: of('a', 'b', 'c', 'd'),
    ask: query('#sk BETWEEN :start AND :end', { ':start': s('b'), ':end': s('c') }),
    expect: { answer: { Items: ['b', 'c'].map(item) } },
  },
  {
    name: 'between two sort keys in the wrong order',
    ask: query('#sk BETWEEN :start AND :end', { ':start': s('c'), ':end': s('b') }),
    expect: invalid,
    differs: [{ at: 'moto', expect: { answer: { Items: [] } } }],
  },
  {
    name: 'a page that Limit ends says where',
    given: of('a', 'b', 'c'),
    ask: query(undefined, {}, { Limit: 2 }),
    expect: { answer: { Items: ['a', 'b'].map(item), LastEvaluatedKey: key('b') } },
  },
  {
    name: 'the page behind it',
    given: of('a', 'b', 'c'),
    ask: query(undefined, {}, { Limit: 2, ExclusiveStartKey: key('b') }),
    expect: { answer: { Items: [item('c')], LastEvaluatedKey: undefined } },
  },
  {
    name: 'a page that begins behind an item which is gone',
    given: of('a', 'c'),
    ask: query(undefined, {}, { Limit: 2, ExclusiveStartKey: key('b') }),
    expect: { answer: { Items: [item('c')], LastEvaluatedKey: undefined } },
  },
  {
    name: 'a page that holds exactly the rest does not know that it is the last',
    given: of('a', 'b'),
    ask: query(undefined, {}, { Limit: 2 }),
    expect: { answer: { Items: ['a', 'b'].map(item), LastEvaluatedKey: key('b') } },
    differs: [{ at: 'moto', expect: { answer: { LastEvaluatedKey: undefined } } }],
  },
  {
    name: 'the empty page behind that',
    given: of('a', 'b'),
    ask: query(undefined, {}, { Limit: 2, ExclusiveStartKey: key('b') }),
    expect: { answer: { Items: [], LastEvaluatedKey: undefined } },
  },
  {
    name: 'Limit counts before the filter, so that a page may be empty and not the last',
    given: [put({ ...key('a'), gone: n(1) }), ...of('b')],
    ask: query(
      undefined,
      {},
      {
        ...{ Limit: 1, FilterExpression: 'attribute_not_exists(#gone)', ...names('#pk #gone') },
      },
    ),
    expect: { answer: { Items: [], Count: 0, ScannedCount: 1, LastEvaluatedKey: key('a') } },
  },
  {
    name: 'some attributes',
    given: of('a'),
    ask: query(undefined, {}, { ProjectionExpression: '#sk', ...names('#pk #sk') }),
    expect: { answer: { Items: [{ sk: s('a') }] } },
  },
  {
    // The last item of it may be the one that goes over.
    name: 'a page ends at 1 MB, whatever is wanted of its items',
    given: ['1', '2', '3', '4', '5'].map((sk) => put({ ...key(sk), bytes: b(327_680) })),
    ask: query(undefined, {}, { ProjectionExpression: '#sk', ...names('#pk #sk') }),
    expect: {
      answer: { LastEvaluatedKey: { pk: s('{row}'), sk: { S: expect.stringMatching(/[34]/) } } },
    },
  },
  {
    name: 'a Query without the partition',
    ask: call('Query', {
      KeyConditionExpression: '#sk = :sk',
      ...names('#sk'),
      ExpressionAttributeValues: { ':sk': s('a') },
    }),
    expect: invalid,
  },
  {
    name: 'a Query by an attribute that is no key',
    ask: query('#at = :at', { ':at': s('a') }),
    expect: invalid,
  },
];
