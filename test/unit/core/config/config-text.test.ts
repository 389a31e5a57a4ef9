import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfigText } from '../../../../functions/core/config/config-text.ts';
import { problemText } from '../../../../functions/core/config/problems.ts';

function read(text: string): unknown {
  const result = readConfigText('f.json', text);
  return 'ok' in result ? result.ok : result.problems.map(problemText);
}

test.each([
  ['', '1:1: found the end of the file'],
  ['{', '1:2: found the end of the file'],
  ['{\n  "a": abc\n}', '2:8: found "abc"'],
  ['{"a" 1}', '1:6: found "1}"'],
  ["{'a': 1}", '1:2: found "\'a\': 1}"'],
  ['{"a": 1} x', '1:10: found "x"'],
  ['[1 2]', '1:4: found "2]"'],
  ['{"a": "b', '1:7: found "\\"b"'],
  ['listen: 1', '1:1: found "listen: 1"'],
])('%j is not JSON at %s', (text, expected) => {
  expect(read(text)).toEqual([`f.json:${expected}, expected JSON`]);
});

test('comments, trailing commas and a byte order mark are legal', () => {
  const text =
    '\uFEFF// what is mirrored\n{\n  "upstreams": {"ghcr.io": {},}, /* more */ "a": [1, 2,],\n}\n';
  expect(read(text)).toEqual({ upstreams: { 'ghcr.io': {} }, a: [1, 2] });
});

test('a key that stands twice is a mistake, at every depth', () => {
  const text = '{\n"a": {"b": 1, "c": 2,\n "b": 3},\n"d": [{"e": 1, "e": 2}], "a": 1}';
  expect(read(text)).toEqual([
    'f.json:3:2: found a.b a second time, expected each key once',
    'f.json:4:16: found d[0].e a second time, expected each key once',
    'f.json:4:26: found a a second time, expected each key once',
  ]);
});

test('nothing is shown of a text that may hold a password', () => {
  const [mistake] = read('{"password": hunter2}') as string[];
  expect(mistake).toMatch(/^f\.json:1:14: found a text \(not shown\), expected JSON$/);
});

test('what is JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      expect(structuredClone(read(json))).toEqual(JSON.parse(json));
    }),
    { numRuns: 500 },
  );
});
