import { expect, test } from 'vitest';
import { oneOf, readScalar, type Scalar } from '../../../../functions/core/config/scalar.ts';

/** A scalar, whatever its message says. */
const scalar = (parts: object) => ({ expected: '', ...parts }) as Scalar;

test.each<[string, Scalar, string, unknown]>([
  ['a text', scalar({ kind: 'text', pattern: '^a+$' }), 'aa', 'aa'],
  ['no such text', scalar({ kind: 'text', pattern: '^a+$' }), 'ab', undefined],
  ['a word', oneOf(['a', 'b']), 'b', 'b'],
  ['no such word', oneOf(['a', 'b']), 'c', undefined],
  ['true', scalar({ kind: 'flag' }), 'true', true],
  ['false', scalar({ kind: 'flag' }), 'false', false],
  ['no flag', scalar({ kind: 'flag' }), 'yes', undefined],
  ['no percentage', scalar({ kind: 'percent' }), 'ten', undefined],
  ['the least duration', scalar({ kind: 'duration', least: 1000, most: 60_000 }), '1s', 1000],
  ['a shorter one', scalar({ kind: 'duration', least: 1000, most: 60_000 }), '999ms', undefined],
  ['the longest', scalar({ kind: 'duration', least: 1000, most: 60_000 }), '1m', 60_000],
  ['a longer one', scalar({ kind: 'duration', least: 1000, most: 60_000 }), '61s', undefined],
  ['no duration', scalar({ kind: 'duration', least: 0, most: 60_000 }), 'soon', undefined],
  ['the least count', scalar({ kind: 'count', least: 3 }), '3', 3],
  ['a smaller one', scalar({ kind: 'count', least: 3 }), '2', undefined],
  ['nine digits', scalar({ kind: 'count', least: 3 }), '999999999', 999_999_999],
  ['ten digits', scalar({ kind: 'count', least: 3 }), '1000000000', undefined],
  ['no count', scalar({ kind: 'count', least: 0 }), '-1', undefined],
  ['the least size', scalar({ kind: 'size', least: 1000 }), '1KB', 1000],
  ['a smaller size', scalar({ kind: 'size', least: 1001 }), '1KB', undefined],
  ['no size', scalar({ kind: 'size', least: 0 }), 'much', undefined],
  ['a URL', scalar({ kind: 'server-url' }), 'http://a:1/v2', new URL('http://a:1/v2')],
  ['another scheme', scalar({ kind: 'server-url' }), 'ftp://a', undefined],
  ['no URL', scalar({ kind: 'server-url' }), 'https://', undefined],
  ['a user', scalar({ kind: 'server-url' }), 'https://u@a/', undefined],
  ['a password', scalar({ kind: 'server-url' }), 'https://:p@a/', undefined],
  ['a query', scalar({ kind: 'server-url' }), 'https://a/?b', undefined],
  ['a fragment', scalar({ kind: 'server-url' }), 'https://a/#b', undefined],
  ['a registry', scalar({ kind: 'registry-url' }), 'https://a/b', new URL('https://a/b')],
  ['a registry with /v2', scalar({ kind: 'registry-url' }), 'https://a/v2/', undefined],
  ['a registry with a user', scalar({ kind: 'registry-url' }), 'https://u@a/', undefined],
])('%s', (_, read, text, value) => {
  expect(readScalar(read, text)).toEqual(value);
});

test('words in a message', () => {
  expect(oneOf(['a']).expected).toBe('"a"');
  expect(oneOf(['a', 'b']).expected).toBe('one of "a", "b"');
});
