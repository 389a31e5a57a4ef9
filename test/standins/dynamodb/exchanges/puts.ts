import { b, call, key, left, n, names, put, s, when } from '../calls.ts';
import type { Exchange } from '../exchange.ts';

const refused = { code: 'ConditionalCheckFailedException' };
const invalid = { code: 'ValidationException' };
const written = { Attributes: undefined };
const notLater = '(attribute_not_exists(#pk) OR #checked <= :checked)';
const overMark =
  'attribute_not_exists(#pk) OR (attribute_exists(#gone) AND #generation < :generation)';

/** PutItem: what is written, and what a condition or a bound keeps out. */
export const puts: readonly Exchange[] = [
  {
    name: 'texts, numbers and bytes come back as they were',
    ask: put({ text: s('é, "quoted" \u{1F433}'), number: n(1_790_000_000_000), bytes: b(3) }),
    expect: { answer: written },
    after: [left({ text: s('é, "quoted" \u{1F433}'), number: n(1_790_000_000_000), bytes: b(3) })],
  },
  {
    name: 'an empty text and empty bytes outside a key',
    ask: put({ text: s(''), bytes: b(0) }),
    expect: { answer: written },
    after: [left({ text: s(''), bytes: b(0) })],
  },
  {
    name: 'replaces the whole item',
    given: [put({ one: n(1) })],
    ask: put({ two: n(2) }),
    expect: { answer: written },
    after: [left({ two: n(2) })],
  },
  {
    name: 'ALL_OLD gives what was replaced',
    given: [put({ version: s('1'), parts: n(2) })],
    ask: put({ version: s('2') }, { ReturnValues: 'ALL_OLD' }),
    expect: { answer: { Attributes: { ...key(), version: s('1'), parts: n(2) } } },
  },
  {
    name: 'ALL_OLD of nothing',
    ask: put({ version: s('1') }, { ReturnValues: 'ALL_OLD' }),
    expect: { answer: written },
  },
  {
    name: 'attribute_not_exists lets the first through',
    ask: put({ at: n(1) }, when('attribute_not_exists(#pk)')),
    expect: { answer: written },
    after: [left({ at: n(1) })],
  },
  {
    name: 'attribute_not_exists refuses the second',
    given: [put({ at: n(1) })],
    ask: put({ at: n(2) }, when('attribute_not_exists(#pk)')),
    expect: { ...refused, answer: { Item: undefined } },
    after: [left({ at: n(1) })],
  },
  {
    name: 'another sort key of the partition is another item',
    given: [put({ at: n(1) }, {}), put({ ...key('else'), at: n(2) })],
    ask: put({ at: n(3) }, when('attribute_not_exists(#pk)')),
    expect: refused,
    after: [left({ at: n(1) }), left({ at: n(2) }, 'else')],
  },
  {
    name: 'a refusal shows the stored item if asked to',
    given: [put({ at: n(1) })],
    ask: put(
      { at: n(2) },
      { ...when('attribute_not_exists(#pk)'), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
    ),
    expect: { ...refused, answer: { Item: { ...key(), at: n(1) } } },
    differs: [{ at: 'dynalite', expect: { ...refused, answer: { Item: undefined } } }],
  },
  {
    name: 'a number that is as large passes <=',
    given: [put({ checked: n(10) })],
    ask: put({ checked: n(10), next: s('') }, when(notLater, { ':checked': n(10) })),
    expect: { answer: written },
  },
  {
    name: 'numbers are compared as numbers and not as texts',
    given: [put({ checked: n(10) })],
    ask: put({ checked: n(9) }, when(notLater, { ':checked': n(9) })),
    expect: refused,
    after: [left({ checked: n(10) })],
  },
  {
    name: 'a missing attribute is not smaller',
    given: [put({ other: n(1) })],
    ask: put({ checked: n(9) }, when(notLater, { ':checked': n(9) })),
    expect: refused,
  },
  {
    name: 'OR with AND in brackets: the mark is of an earlier generation',
    given: [put({ generation: n(4), gone: n(1) })],
    ask: put({ generation: n(5) }, when(overMark, { ':generation': n(5) })),
    expect: { answer: written },
    after: [left({ generation: n(5) })],
  },
  {
    name: 'OR with AND in brackets: there is no mark',
    given: [put({ generation: n(4) })],
    ask: put({ generation: n(5) }, when(overMark, { ':generation': n(5) })),
    expect: refused,
  },
  {
    name: 'a time to live in the past changes nothing for a reader',
    ask: put({ ttl: n(1_000_000_000) }),
    expect: { answer: written },
    after: [left({ ttl: n(1_000_000_000) })],
  },
  {
    name: 'an item of 400,000 bytes',
    ask: put({ bytes: b(400_000) }),
    expect: { answer: written },
    after: [left({ bytes: b(400_000) })],
  },
  { name: 'an item over 400 KB', ask: put({ bytes: b(409_600) }), expect: invalid },
  {
    name: 'an empty sort key',
    ask: call('PutItem', { Item: key('') }),
    expect: invalid,
  },
  {
    name: 'a sort key of 1,024 bytes',
    ask: call('PutItem', { Item: key('k'.repeat(1024)) }),
    expect: { answer: written },
    after: [left({}, 'k'.repeat(1024))],
  },
  {
    name: 'a sort key of 1,025 bytes',
    ask: call('PutItem', { Item: key('k'.repeat(1025)) }),
    expect: invalid,
  },
  {
    name: 'a partition key of 2,049 bytes',
    ask: call('PutItem', { Item: { ...key(), pk: s('k'.repeat(2049)) } }),
    expect: invalid,
  },
  {
    name: 'an item without its sort key',
    ask: call('PutItem', { Item: { pk: s('{row}') } }),
    expect: invalid,
  },
  { name: 'a number as a key', ask: put({ sk: n(1) }), expect: invalid },
  { name: 'a number that is none', ask: put({ at: { N: 'one' } }), expect: invalid },
  {
    name: 'a name that no expression uses',
    ask: put({}, { ...when('attribute_not_exists(#pk)'), ...names('#pk #other') }),
    expect: invalid,
  },
  {
    name: 'a value that no expression uses',
    ask: put({}, when('attribute_not_exists(#pk)', { ':other': n(1) })),
    expect: invalid,
    differs: [{ at: 'moto', expect: {} }],
  },
  {
    name: 'a name that is not given',
    ask: put({}, { ConditionExpression: 'attribute_not_exists(#pk)' }),
    expect: invalid,
    differs: [{ at: 'moto', expect: { code: 'Http500' } }],
  },
  {
    name: 'a value that is not given',
    ask: put({}, when('#checked <= :checked')),
    expect: invalid,
    differs: [{ at: 'moto', expect: { code: 'Http500' } }],
  },
  {
    name: 'a reserved word as a name',
    ask: put({}, { ConditionExpression: 'attribute_not_exists(ttl)' }),
    expect: invalid,
  },
  {
    name: 'a condition that is none',
    ask: put({}, when('#pk is new')),
    expect: invalid,
  },
];
