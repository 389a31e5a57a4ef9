import { beforeEach, expect, test } from 'vitest';
import { doubtRepeated } from '../../../../../functions/core/mirror/blobs/repeated-request.ts';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');
let now: number;
let doubted: string[];
let context: Context;

beforeEach(() => {
  now = 0;
  doubted = [];
  const doubt = (blob: string) => doubted.push(blob);
  context = { blobs: { doubt }, memory: createMemory(1000, () => now) } as unknown as Context;
});

function request(client: string | undefined = '10.0.0.1', start?: number, blob = digest) {
  const source = { client: client === '' ? undefined : { key: client } } as unknown as Source;
  const range = start === undefined ? undefined : { start, end: start + 9 };
  doubtRepeated(context, source, blob, range);
  return doubted.length;
}

test('the second request for the same bytes makes the store verify them, the third does not', () => {
  expect([request(), request(), request(), request()]).toEqual([0, 1, 1, 2]);
  expect(doubted).toEqual([digest, digest]);
});

test('a request is a repeated one for a minute', () => {
  request();
  now = 59_999;
  expect(request()).toBe(1);
  request();
  now += 60_000;
  expect(request()).toBe(1);
});

test.each<[string, string, number | undefined, string]>([
  ['another client', '10.0.0.2', undefined, 'a blob'],
  ['the next range', '10.0.0.1', 10, 'a blob'],
  ['another blob', '10.0.0.1', undefined, 'another'],
])('%s repeats nothing', (_, client, start, content) => {
  request();
  expect(request(client, start, madeDigest(content))).toBe(0);
});

test('a range from the first byte repeats the whole blob', () => {
  request();
  expect(request('10.0.0.1', 0)).toBe(1);
});

test('requests without a client, or to a store that verifies all reads, are not noted', () => {
  request('');
  expect(request('')).toBe(0);
  const { memory } = context;
  const plain = { blobs: {}, memory } as unknown as Context;
  const source = { client: { key: '10.0.0.1' } } as unknown as Source;
  doubtRepeated(plain, source, digest, undefined);
  expect(memory.requested.get(`10.0.0.1 ${digest} 0`)).toBeUndefined();
});
