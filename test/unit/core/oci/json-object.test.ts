import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseObject } from '../../../../functions/core/oci/json-object.ts';

const padding = { padding: 'x'.repeat(70_000) };
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('an object read from JSON', () => {
  it('is what the text says', () => {
    expect(parseObject('{"a":[1]}')).toEqual({ a: [1] });
    for (const text of ['[]', 'null', '"a"', '{', '']) expect(parseObject(text)).toBeUndefined();
  });

  it.each([0, 70_000])('is undefined for %i characters and 100 levels', (length) => {
    const body = (depth: number) => `{"padding":"${'x'.repeat(length)}","a":${nested(depth)}}`;
    expect(parseObject(body(99))).toBeDefined();
    expect(parseObject(body(100))).toBeUndefined();
    expect(parseObject(body(2_000_000))).toBeUndefined();
  });

  it('may have brackets and quotes in its strings, and many members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (strings) => {
        const value = { ...padding, '[[\\"': '\\\\[{"'.repeat(200), strings: { ...strings } };
        expect(parseObject(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    const many = { ...padding, entries: Array.from({ length: 500 }, () => ({ a: [{}] })) };
    expect(parseObject(JSON.stringify(many))).toEqual(many);
  });
});
