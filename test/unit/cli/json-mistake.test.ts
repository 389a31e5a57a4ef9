import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonMistake } from '../../../functions/cli/json-mistake.ts';

test.each([
  ['', 1, 1, 'the end of the file'],
  ['{', 1, 2, 'the end of the file'],
  ['{\n  "a": 1,\n}', 3, 1, '"}"'],
  ['{\n  "a": abc\n}', 2, 8, '"abc"'],
  ['{"a" 1}', 1, 6, '"1}"'],
  ["{'a': 1}", 1, 2, '"\'a\': 1}"'],
  ['{"a": 1} x', 1, 10, '"x"'],
  ['[1 2]', 1, 4, '"2]"'],
  ['{"a": 01}', 1, 7, '"01}"'],
  ['{"a": "b', 1, 7, '"\\"b"'],
  ['// a comment\n{}', 1, 1, '"// a comment"'],
])('%j stops being JSON at %i:%i', (text, line, column, found) => {
  expect(findJsonMistake(text)).toEqual({ line, column, found });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('it agrees with JSON.parse on what is JSON', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), fc.integer(), fc.string(), (json, at, put) => {
      expect(findJsonMistake(json)).toBeUndefined();
      const place = Math.abs(at) % (json.length + 1);
      const changed = json.slice(0, place) + put + json.slice(place);
      expect(findJsonMistake(changed) === undefined).toBe(isJson(changed));
    }),
    { numRuns: 2000 },
  );
});
