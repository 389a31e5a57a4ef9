import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentRange,
  isExcessive,
  parseContentRange,
  parseRange,
  satisfyRange,
} from '../../../../functions/core/headers/range.ts';

const size = fc.integer({ min: 0, max: 2 ** 50 });

/** What a Range header of one spec selects, or undefined for nothing. */
function selected(header: string, of: number) {
  const request = parseRange(header);
  return 'start' in request || 'length' in request ? satisfyRange(request, of) : request.kind;
}

describe('range', () => {
  it('from start to end selects the existing bytes', () => {
    fc.assert(
      fc.property(size, size, size, (a, b, of) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        const expected = start < of ? { start, end: Math.min(end, of - 1) } : undefined;
        expect(selected(`bytes=${start}-${end}`, of)).toEqual(expected);
      }),
    );
  });

  it('from start selects the rest', () => {
    fc.assert(
      fc.property(size, size, (start, of) => {
        const expected = start < of ? { start, end: of - 1 } : undefined;
        expect(selected(`bytes=${start}-`, of)).toEqual(expected);
      }),
    );
  });

  it('of a suffix selects the last bytes', () => {
    fc.assert(
      fc.property(size, size, (length, of) => {
        const isThere = length > 0 && of > 0;
        const expected = isThere ? { start: Math.max(0, of - length), end: of - 1 } : undefined;
        expect(selected(`bytes=-${length}`, of)).toEqual(expected);
      }),
    );
  });

  it.each([undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=x-y', 'bytes=5-2', 'items=0-1'])(
    '%s is the whole',
    (header) => expect(parseRange(header)).toEqual({ kind: 'whole' }),
  );

  it.each([
    ['bytes=0-1,4-5', 2],
    ['bytes=0-0, -1', 2],
    ['bytes=0-,-1', 2],
    ['bytes=0-1,,\t5-6 ,', 2],
    [`bytes=${'1-2,'.repeat(512)}`, 512],
  ])('%s are several', (header, length) => {
    const request = parseRange(header);
    expect(request.kind === 'several' && request.ranges.length).toBe(length);
  });

  it('of more than 512 are too many', () => {
    expect(parseRange(`bytes=${'1-2,'.repeat(513)}`)).toEqual({ kind: 'too-many' });
  });

  it.each(['bytes=0-1,5-2', 'bytes=0-1,x', 'bytes=,', 'bytes=0-1;4-5'])(
    '%s is ignored as a whole',
    (header) => expect(parseRange(header)).toEqual({ kind: 'whole' }),
  );

  it.each([
    [
      'in any order',
      [
        [50, 59],
        [0, 9],
      ],
      false,
    ],
    [
      'that touch',
      [
        [0, 9],
        [10, 19],
        [20, 99],
      ],
      false,
    ],
    [
      'with two overlaps',
      [
        [0, 9],
        [5, 14],
        [10, 19],
      ],
      false,
    ],
    [
      'with three overlaps',
      [
        [0, 9],
        [5, 14],
        [10, 19],
        [15, 24],
      ],
      true,
    ],
    [
      'of the same byte',
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      true,
    ],
    [
      'of more bytes than there are',
      [
        [0, 99],
        [5, 5],
      ],
      true,
    ],
  ] as const)('%s are excessive or not', (_, pairs, isTooMuch) => {
    const ranges = pairs.map(([start, end]) => ({ start, end }));
    expect(isExcessive(ranges, 100)).toBe(isTooMuch);
  });

  it('accepts the unit in any case', () => {
    expect(parseRange('Bytes=0-1')).toEqual({ kind: 'from', start: 0, end: 1 });
  });

  it('parses any text without throwing', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((text) => `bytes=${text}`),
    );
    fc.assert(fc.property(texts, (text) => void parseRange(text)));
  });
});

describe('Content-Range', () => {
  it('is read as it is written', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (start, length, rest) => {
        const end = start + length;
        const of = end + 1 + rest;
        const text = contentRange({ start, end }, of);
        expect(parseContentRange(text)).toEqual({ start, end, size: of });
      }),
    );
  });

  it('may omit the size', () => {
    expect(parseContentRange('bytes 5-9/*')).toEqual({ start: 5, end: 9, size: undefined });
  });

  it.each([
    undefined,
    '',
    'bytes */10',
    'bytes 9-5/10',
    'bytes 5-9',
    'items 5-9/10',
    'bytes=5-9/10',
  ])('%s is invalid', (header) => expect(parseContentRange(header)).toBeUndefined());
});
