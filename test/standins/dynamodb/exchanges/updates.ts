import { call, key, left, n, names, put, remove, s, update, when } from '../calls.ts';
import type { Exchange } from '../exchange.ts';

const refused = { code: 'ConditionalCheckFailedException' };
const invalid = { code: 'ValidationException' };
const lease =
  'SET #fence = if_not_exists(#fence, :now) + :one, #expires = :expires, #holder = :holder';
const isFree = 'attribute_not_exists(#pk) OR #expires <= :now OR #holder = :holder';

/** A lease as it is asked for at `now`, for ten milliseconds. */
function acquire(now: number, holder: string) {
  const values = {
    ':now': n(now),
    ':one': n(1),
    ':expires': n(now + 10),
    ':holder': s(holder),
  };
  return update(lease, values, {
    ConditionExpression: isFree,
    ...names(lease, isFree),
    ReturnValues: 'UPDATED_NEW',
  });
}

/** UpdateItem: leases, marks and counts. */
export const updates: readonly Exchange[] = [
  {
    name: 'SET makes the item that is not there',
    ask: update('SET #at = :at', { ':at': n(1) }, names('#at')),
    expect: { answer: { Attributes: undefined } },
    after: [left({ at: n(1) })],
  },
  {
    name: 'SET leaves the other attributes',
    given: [put({ at: n(1), other: s('x') })],
    ask: update('SET #at = :at', { ':at': n(2) }, names('#at')),
    expect: { answer: { Attributes: undefined } },
    after: [left({ at: n(2), other: s('x') })],
  },
  {
    name: 'a lease that nobody had',
    ask: acquire(100, 'a'),
    expect: { answer: { Attributes: { fence: n(101), expires: n(110), holder: s('a') } } },
    differs: [
      {
        at: 'moto',
        expect: {
          answer: { Attributes: { ...key(), fence: n(101), expires: n(110), holder: s('a') } },
        },
      },
    ],
  },
  {
    name: 'a lease that another holds',
    given: [acquire(100, 'a')],
    ask: acquire(109, 'b'),
    expect: refused,
    after: [left({ fence: n(101), expires: n(110), holder: s('a') })],
  },
  {
    name: 'a lease that is over',
    given: [acquire(100, 'a')],
    ask: acquire(110, 'b'),
    expect: { answer: { Attributes: { fence: n(102), expires: n(120), holder: s('b') } } },
  },
  {
    name: 'a repeat whose first answer was lost',
    given: [acquire(100, 'a')],
    ask: acquire(100, 'a'),
    expect: { answer: { Attributes: { fence: n(102), expires: n(110), holder: s('a') } } },
    differs: [
      {
        at: 'moto',
        expect: { answer: { Attributes: { fence: n(102) } } },
        after: [left({ fence: n(102), expires: n(110), holder: s('a') })],
      },
    ],
  },
  {
    name: 'UPDATED_OLD gives what the expression names, also what stays',
    given: [put({ pulled: n(5), generation: n(3), other: s('x') })],
    ask: update(
      'SET #pulled = :pulled, #generation = #generation',
      { ':pulled': n(6) },
      {
        ...names('#pulled #generation'),
        ReturnValues: 'UPDATED_OLD',
      },
    ),
    expect: { answer: { Attributes: { pulled: n(5), generation: n(3) } } },
    after: [left({ pulled: n(6), generation: n(3), other: s('x') })],
    differs: [{ at: 'moto', expect: { answer: { Attributes: { pulled: n(5) } } } }],
  },
  {
    name: 'UPDATED_OLD of an item that was not there',
    ask: update('SET #at = :at', { ':at': n(1) }, { ...names('#at'), ReturnValues: 'UPDATED_OLD' }),
    expect: { answer: { Attributes: undefined } },
  },
  {
    name: 'SET from an attribute that is not there',
    given: [put({ at: n(1) })],
    ask: update('SET #at = #other', {}, names('#at #other')),
    expect: invalid,
    after: [left({ at: n(1) })],
  },
  {
    name: 'an update under a condition makes no item',
    ask: update(
      'SET #at = :at',
      { ':at': n(1), ':fence': n(7) },
      {
        ConditionExpression: '#fence = :fence AND #at > :at',
        ...names('#at #fence'),
      },
    ),
    expect: refused,
    after: [left(undefined)],
  },
  {
    name: 'a refusal shows the stored item if asked to',
    given: [put({ fence: n(6) })],
    ask: update(
      'SET #at = :at',
      { ':at': n(1), ':fence': n(7) },
      {
        ConditionExpression: '#fence = :fence',
        ...names('#at #fence'),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    ),
    expect: { ...refused, answer: { Item: { ...key(), fence: n(6) } } },
    differs: [{ at: 'dynalite', expect: { ...refused, answer: { Item: undefined } } }],
  },
  {
    name: 'ADD begins at nothing',
    ask: update(
      'ADD #bytes :bytes, #blobs :one',
      { ':bytes': n(10), ':one': n(1) },
      {
        ...names('#bytes #blobs'),
        ReturnValues: 'UPDATED_NEW',
      },
    ),
    expect: { answer: { Attributes: { bytes: n(10), blobs: n(1) } } },
    differs: [
      { at: 'moto', expect: { answer: { Attributes: { ...key(), bytes: n(10), blobs: n(1) } } } },
    ],
  },
  {
    name: 'ADD goes on, and down as well',
    given: [put({ bytes: n(10), blobs: n(1) })],
    ask: update('ADD #bytes :bytes', { ':bytes': n(-4) }, names('#bytes')),
    expect: { answer: { Attributes: undefined } },
    after: [left({ bytes: n(6), blobs: n(1) })],
  },
  {
    name: 'ADD is exact where a double is not',
    given: [put({ bytes: n(Number.MAX_SAFE_INTEGER) })],
    ask: update('ADD #bytes :bytes', { ':bytes': n(2) }, names('#bytes')),
    expect: {},
    after: [left({ bytes: { N: '9007199254740993' } })],
  },
  {
    name: 'ADD to a text',
    given: [put({ bytes: s('10') })],
    ask: update('ADD #bytes :bytes', { ':bytes': n(1) }, names('#bytes')),
    expect: invalid,
    after: [left({ bytes: s('10') })],
  },
  {
    name: 'SET and ADD in one expression',
    given: [put({ bytes: n(10) })],
    ask: update(
      'SET #at = :at ADD #bytes :bytes',
      { ':at': n(1), ':bytes': n(1) },
      names('#at #bytes'),
    ),
    expect: {},
    after: [left({ at: n(1), bytes: n(11) })],
  },
  {
    name: 'REMOVE takes an attribute',
    given: [put({ at: n(1), gone: n(1) })],
    ask: update('REMOVE #gone', {}, names('#gone')),
    expect: {},
    after: [left({ at: n(1) })],
  },
  {
    name: 'a key cannot be changed',
    ask: update('SET #sk = :sk', { ':sk': s('b') }, names('#sk')),
    expect: invalid,
  },
  {
    name: 'a value that no expression uses',
    ask: update('SET #at = :at', { ':at': n(1), ':other': n(1) }, names('#at')),
    expect: invalid,
  },
  {
    name: 'a reserved word as a name',
    ask: update('SET ttl = :at', { ':at': n(1) }),
    expect: invalid,
  },
  {
    name: 'a key with an attribute too many',
    ask: call('UpdateItem', {
      Key: { ...key(), other: s('x') },
      UpdateExpression: 'SET #at = :at',
      ...names('#at'),
      ExpressionAttributeValues: { ':at': n(1) },
    }),
    expect: invalid,
  },
  {
    name: 'DeleteItem takes an item, and is content with none',
    given: [put({ at: n(1) }), remove()],
    ask: remove(),
    expect: { answer: { Attributes: undefined } },
    after: [left(undefined)],
  },
  {
    name: 'DeleteItem under a condition that holds',
    given: [put({ generation: n(3) })],
    ask: remove(when('#generation <= :generation', { ':generation': n(3) })),
    expect: {},
    after: [left(undefined)],
  },
  {
    name: 'DeleteItem under a condition that does not',
    given: [put({ generation: n(4) })],
    ask: remove(when('#generation <= :generation', { ':generation': n(3) })),
    expect: refused,
    after: [left({ generation: n(4) })],
  },
  {
    name: 'DeleteItem under attribute_exists, of nothing',
    ask: remove(when('attribute_exists(#pk)')),
    expect: refused,
  },
  {
    name: 'DeleteItem under a comparison, of nothing',
    ask: remove(when('#generation <= :generation', { ':generation': n(3) })),
    expect: refused,
  },
];
