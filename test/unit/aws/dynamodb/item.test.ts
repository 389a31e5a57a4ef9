import { expect, test } from 'vitest';
import {
  binaryOf,
  keyItem,
  keyOf,
  numberOf,
  placeholders,
  textOf,
  timeToLive,
} from '../../../../functions/aws/dynamodb/item.ts';

test('attributes are read by their type; a missing one is undefined', () => {
  const bytes = new Uint8Array([1, 2]);
  const item = { text: { S: 'x' }, zero: { N: '0' }, bytes: { B: bytes } };
  expect([textOf(item, 'text'), textOf(item, 'zero'), textOf(item, 'none')]).toEqual([
    'x',
    undefined,
    undefined,
  ]);
  expect([numberOf(item, 'zero'), numberOf(item, 'text')]).toEqual([0, undefined]);
  const copy = binaryOf(item, 'bytes');
  expect([copy, binaryOf(item, 'none')]).toEqual([bytes, undefined]);
  expect(copy).not.toBe(bytes);
});

test('keys are attributes, and are read from them', () => {
  const key = { pk: 'p', sk: 's' };
  expect(keyOf(keyItem(key))).toEqual(key);
  expect(keyOf({})).toEqual({ pk: '', sk: '' });
  expect([timeToLive(undefined), timeToLive(5)]).toEqual([{}, { ttl: { N: '5' } }]);
});

test('placeholders are sent only where an expression has some', () => {
  expect(placeholders([undefined, 'attribute_exists(#pk) AND #a < #b'], undefined)).toEqual({
    ExpressionAttributeNames: { '#pk': 'pk', '#a': 'a', '#b': 'b' },
  });
  expect(placeholders([undefined], undefined)).toEqual({});
  const values = { ':x': { N: '1' } };
  expect(placeholders([undefined], values)).toEqual({ ExpressionAttributeValues: values });
});
