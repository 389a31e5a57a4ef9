import { expect } from 'vitest';
import { b, key, left, n, names, put, s } from '../calls.ts';
import type { Ask, Exchange } from '../exchange.ts';

type Json = Readonly<Record<string, unknown>>;

const invalid = { code: 'ValidationException' };
const nothingLeft = { UnprocessedItems: {} };
const PutRequest = (sk: string, attributes: Json) => ({
  PutRequest: { Item: { ...key(sk), ...attributes } },
});
const DeleteRequest = (sk: string) => ({ DeleteRequest: { Key: key(sk) } });

function write(...requests: readonly Json[]): Ask {
  return { action: 'BatchWriteItem', input: { RequestItems: { '{table}': requests } } };
}

function read(keys: readonly string[], ...attributes: readonly string[]): Ask {
  const expression = attributes.join(', ');
  const wanted = { ProjectionExpression: expression, ...names(expression) };
  const request = {
    Keys: keys.map((sk) => key(sk)),
    ConsistentRead: true,
    ...(attributes.length > 0 && wanted),
  };
  return { action: 'BatchGetItem', input: { RequestItems: { '{table}': request } } };
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `item ${at}`);

/** BatchWriteItem and BatchGetItem: bounds, and what they leave. */
export const batches: readonly Exchange[] = [
  {
    name: 'puts and deletes, also of what is not there',
    given: [put({ ...key('old'), at: n(1) })],
    ask: write(PutRequest('new', { at: n(2) }), DeleteRequest('old'), DeleteRequest('never')),
    expect: { answer: nothingLeft },
    after: [left({ at: n(2) }, 'new'), left(undefined, 'old')],
  },
  {
    name: '25 writes',
    ask: write(...many(25).map((sk) => PutRequest(sk, {}))),
    expect: { answer: nothingLeft },
    after: [left({}, 'item 24')],
  },
  {
    name: '26 writes',
    ask: write(...many(26).map((sk) => PutRequest(sk, {}))),
    expect: invalid,
    after: [left(undefined, 'item 0')],
    differs: [{ at: 'moto', expect: {}, after: [left({}, 'item 25')] }],
  },
  { name: 'no writes', ask: write(), expect: invalid, differs: [{ at: 'moto', expect: {} }] },
  {
    name: 'an item put twice',
    ask: write(PutRequest('a', { at: n(1) }), PutRequest('a', { at: n(2) })),
    expect: invalid,
    differs: [{ at: 'moto', expect: {} }],
  },
  {
    name: 'an item put and deleted',
    ask: write(PutRequest('a', { at: n(1) }), DeleteRequest('a')),
    expect: invalid,
    differs: [{ at: 'moto', expect: {} }],
  },
  {
    name: 'an item that is too large keeps all out',
    ask: write(PutRequest('a', {}), PutRequest('b', { bytes: b(409_600) })),
    expect: invalid,
    after: [left(undefined, 'a')],
    differs: [{ at: 'moto', expect: invalid, after: [left({}, 'a')] }],
  },
  {
    name: 'reads what is there',
    given: [put({ ...key('a'), at: n(1), other: s('x') })],
    ask: read(['a', 'missing']),
    expect: {
      answer: {
        Responses: { '{table}': [{ ...key('a'), at: n(1), other: s('x') }] },
        UnprocessedKeys: {},
      },
    },
  },
  {
    name: 'reads some attributes',
    given: [put({ ...key('a'), at: n(1), other: s('x') })],
    ask: read(['a'], '#sk', '#at'),
    expect: {
      answer: { Responses: { '{table}': [{ sk: s('a'), at: n(1) }] }, UnprocessedKeys: {} },
    },
  },
  {
    name: 'reads nothing of what is not there',
    ask: read(many(100)),
    expect: { answer: { Responses: { '{table}': [] }, UnprocessedKeys: {} } },
  },
  { name: '101 reads', ask: read(many(101)), expect: invalid },
  { name: 'no reads', ask: read([]), expect: invalid, differs: [{ at: 'moto', expect: {} }] },
  { name: 'an item read twice', ask: read(['a', 'a']), expect: invalid },
  {
    name: 'what is over 16 MB is named, to be asked for again',
    given: many(42).map((sk) => put({ ...key(sk), bytes: b(400_000) })),
    ask: read(many(42)),
    expect: {
      answer: {
        UnprocessedKeys: {
          '{table}': expect.objectContaining({
            Keys: expect.arrayContaining([{ pk: s('{row}'), sk: { S: expect.any(String) } }]),
          }),
        },
      },
    },
  },
];
