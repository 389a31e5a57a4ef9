import { expect, test } from 'vitest';
import { noRegistry, quoted } from '../../../../functions/core/registry/refusal.ts';

test.each([
  ['host.test', '"host.test"'],
  ['a "quoted" one', String.raw`"a \"quoted\" one"`],
  ['a\nline', String.raw`"a\nline"`],
  ['\u001b[31m', String.raw`"\u001b[31m"`],
])('text of a request is quoted: %j', (text, expected) => {
  expect(quoted(text)).toBe(expected);
});

test('of a long text a message has its beginning', () => {
  expect(quoted('a'.repeat(120))).toBe(`"${'a'.repeat(120)}"`);
  expect(quoted('a'.repeat(100_000))).toBe(`"${'a'.repeat(120)}…"`);
  expect(noRegistry('b'.repeat(100_000)).message.length).toBeLessThan(200);
});
