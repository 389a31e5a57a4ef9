import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfigText } from '../../../../functions/core/config/config-text.ts';
import { problemText } from '../../../../functions/core/config/problems.ts';

function read(text: string): unknown {
  const result = readConfigText('f.json', text);
  return 'ok' in result ? result.ok : result.problems.map(problemText);
}

test.each([
  ['', '1:1: invalid JSON: unexpected end of file'],
  ['{', '1:2: invalid JSON: unexpected end of file'],
  ['{\n  "a": abc\n}', '2:8: invalid JSON at "abc"'],
  ['{"a" 1}', '1:6: invalid JSON at "1}"'],
  ["{'a': 1}", '1:2: invalid JSON at "\'a\': 1}"'],
  ['{"a": 1} x', '1:10: invalid JSON at "x"'],
  ['[1 2]', '1:4: invalid JSON at "2]"'],
  ['{"a": "b', '1:7: invalid JSON at "\\"b"'],
  ['listen: 1', '1:1: invalid JSON at "listen: 1"'],
])('%j: %s', (text, expected) => {
  expect(read(text)).toEqual([`f.json:${expected}`]);
});

test('comments, trailing commas and a byte order mark are legal', () => {
  const text =
    '\uFEFF// what is mirrored\n{\n  "upstreams": {"ghcr.io": {},}, /* more */ "a": [1, 2,],\n}\n';
  expect(read(text)).toEqual({ upstreams: { 'ghcr.io': {} }, a: [1, 2] });
});

test('duplicate keys are reported at every depth', () => {
  const text = '{\n"a": {"b": 1, "c": 2,\n "b": 3},\n"d": [{"e": 1, "e": 2}], "a": 1}';
  expect(read(text)).toEqual([
    'f.json:3:2: duplicate key a.b',
    'f.json:4:16: duplicate key d[0].e',
    'f.json:4:26: duplicate key a',
  ]);
});

test('text that may be a password is not shown', () => {
  const [mistake] = read('{"password": hunter2}') as string[];
  expect(mistake).toMatch(/^f\.json:1:14: invalid JSON at a string \(not shown\)$/);
});

test('what is JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      expect(structuredClone(read(json))).toEqual(JSON.parse(json));
    }),
  );
});
