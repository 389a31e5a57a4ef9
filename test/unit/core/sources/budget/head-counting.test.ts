import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterCounted,
  type CountedAnswer,
  countsHeads,
  noHeads,
  tagLife,
} from '../../../../../functions/core/sources/budget/head-counting.ts';

/** Answers to HEADs and GETs in order, by what is left after each and the time since the last one. */
const answers = (list: readonly (readonly [isHead: boolean, remaining: number, gap: number])[]) => {
  let time = 1_000;
  return list.map(([isHead, remaining, gap]): CountedAnswer => {
    time += gap;
    return { isHead, remaining, sent: time - 1, seen: time };
  });
};
const known = (list: readonly CountedAnswer[]) => list.reduce(afterCounted, noHeads);
const heads = (...left: readonly number[]) =>
  answers(left.map((remaining) => [true, remaining, 1_000] as const));

describe('a registry that counts HEADs', () => {
  test('is known by five HEADs in a row that each cost something', () => {
    expect(countsHeads(known(heads(10, 9, 8, 7, 6)))).toBe(false);
    expect(countsHeads(known(heads(10, 9, 8, 7, 6, 5)))).toBe(true);
    // Other instances send HEADs, too, and the window begins again.
    expect(countsHeads(known(heads(30, 20, 15, 14, 100, 97, 90)))).toBe(true);
  });

  test('is not known by one that changed nothing', () => {
    expect(countsHeads(known(heads(10, 9, 8, 7, 6, 6)))).toBe(false);
    expect(countsHeads(known([...heads(10, 9, 8, 7, 6, 5, 4, 4)]))).toBe(false);
  });

  test('is never known where HEADs are free, however much others pull in between', () => {
    const step = fc.record({ spends: fc.nat(3), isHead: fc.boolean(), gap: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let remaining = 1_000;
        const list = steps.flatMap(({ isHead, spends, gap }) => {
          remaining -= spends + Number(!isHead);
          // Every HEAD is followed by another that costs nothing.
          return [
            [isHead, remaining, gap] as const,
            [isHead, remaining - Number(!isHead), 1] as const,
          ];
        });
        expect(countsHeads(known(answers(list)))).toBe(false);
      }),
    );
  });

  test('is not known by HEADs that are far apart, at the same time, or between pulls', () => {
    const left = [10, 9, 8, 7, 6, 5, 4, 3];
    const slow = answers(left.map((remaining) => [true, remaining, 10_001] as const));
    expect(countsHeads(known(slow))).toBe(false);
    const atOnce = heads(...left).map((one) => ({ ...one, sent: 0 }));
    expect(countsHeads(known(atOnce))).toBe(false);
    const between = answers(left.map((remaining, at) => [at % 2 === 0, remaining, 1_000] as const));
    expect(countsHeads(known(between))).toBe(false);
  });
});

describe('the life of a tag', () => {
  const policy = { tagTtl: 300_000, maxStale: 3_600_000 };
  const rateOf = (remaining: number) => ({ limit: 100, remaining, windowSeconds: 21_600, seen: 0 });

  test.each([
    [100, 300_000],
    [21, 300_000],
    [20, 300_000],
    [10, 600_000],
    [5, 1_200_000],
    [1, 3_600_000],
    [0, 3_600_000],
  ])('with %i of 100 left is %i ms', (remaining, expected) => {
    expect(tagLife(policy, rateOf(remaining), 0.2, 1)).toBe(expected);
  });

  test('is the usual one without a report, and after its window', () => {
    expect(tagLife(policy, undefined, 0.2, 1)).toBe(policy.tagTtl);
    expect(tagLife(policy, rateOf(1), 0.2, 21_600_000)).toBe(policy.tagTtl);
  });

  test('is never shorter than tagTtl nor longer than maxStale, and grows as less is left', () => {
    const lengths = fc.record({ tagTtl: fc.nat(1e9), maxStale: fc.nat(1e9) });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(lengths, fc.nat(200), share, (one, remaining, reserve) => {
        const life = tagLife(one, rateOf(remaining), reserve, 1);
        expect(life).toBeGreaterThanOrEqual(one.tagTtl);
        expect(life).toBeLessThanOrEqual(Math.max(one.tagTtl, one.maxStale));
        expect(tagLife(one, rateOf(remaining + 1), reserve, 1)).toBeLessThanOrEqual(life);
      }),
    );
  });
});
