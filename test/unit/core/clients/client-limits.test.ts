import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Allowance,
  allowanceOf,
  type ClientLimits,
  longestUrlLife,
  monthOf,
  monthVerdict,
  pullVerdict,
  sizeVerdict,
  tierOf,
} from '../../../../functions/core/clients/client-limits.ts';

const minute = 60_000;
const bucketUrlLife = 20 * minute;
const unlimited = Number.POSITIVE_INFINITY;

const allowance: Allowance = {
  pullsPerMinute: 10,
  bytesPerMonth: 1000,
  largestBlob: 100,
  isHard: true,
  urlLife: undefined,
};

const anyCount = fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined });
const anyLimits: fc.Arbitrary<ClientLimits> = fc.record({
  pullsPerMinute: anyCount,
  bytesPerMonth: anyCount,
  largestBlob: anyCount,
  limits: fc.constantFrom('soft' as const, 'hard' as const),
  urlLife: fc.option(fc.integer({ min: 1, max: 10 * bucketUrlLife }), { nil: undefined }),
});
const anyTime = fc.integer({ min: 0, max: Date.UTC(2100, 0) });

describe('the allowance of a client', () => {
  test('of several networks the most generous counts, limit by limit', () => {
    fc.assert(
      fc.property(anyLimits, anyLimits, (a, b) => {
        const both = allowanceOf(['a', 'b'], { a, b }, bucketUrlLife);
        const [one, other] = [['a'], ['b']].map((names) =>
          allowanceOf(names, { a, b }, bucketUrlLife),
        );
        if (one === undefined || other === undefined) return expect.unreachable();
        for (const key of ['pullsPerMinute', 'bytesPerMonth', 'largestBlob'] as const) {
          expect(both[key]).toBe(Math.max(one[key], other[key]));
        }
        expect(both.isHard).toBe(one.isHard && other.isHard);
        const life = ({ urlLife = bucketUrlLife }: Allowance) => urlLife;
        expect(life(both)).toBe(Math.max(life(one), life(other)));
      }),
    );
  });

  test('anonymous is for clients in no network', () => {
    const limits = {
      anonymous: { pullsPerMinute: 1, limits: 'hard' },
      office: { pullsPerMinute: 50, limits: 'soft' },
    } as const;
    expect(allowanceOf([], limits, bucketUrlLife).pullsPerMinute).toBe(1);
    expect(allowanceOf(['office'], limits, bucketUrlLife).pullsPerMinute).toBe(50);
    expect(allowanceOf(['lab'], limits, bucketUrlLife).pullsPerMinute).toBe(unlimited);
    expect(allowanceOf(['office', 'lab'], limits, bucketUrlLife).pullsPerMinute).toBe(unlimited);
  });

  test('anonymous has URLs of 5 minutes where clients have limits, and no longer ones than others', () => {
    const office = { pullsPerMinute: 5, limits: 'soft' } as const;
    expect(allowanceOf([], { office }, bucketUrlLife).urlLife).toBe(5 * minute);
    expect(allowanceOf(['office'], { office }, bucketUrlLife).urlLife).toBeUndefined();
    expect(allowanceOf([], { office }, 2 * minute).urlLife).toBeUndefined();
    const anonymous = { limits: 'soft', urlLife: 7 * minute } as const;
    expect(allowanceOf([], { office, anonymous }, bucketUrlLife).urlLife).toBe(7 * minute);
    const lab = { limits: 'soft', urlLife: minute } as const;
    expect(allowanceOf([], { lab }, bucketUrlLife).urlLife).toBeUndefined();
    expect(allowanceOf(['lab'], { lab }, bucketUrlLife).urlLife).toBe(minute);
  });

  test('a client of several networks is refused by the most generous of them', () => {
    const limits = {
      office: { pullsPerMinute: 5, bytesPerMonth: 90, limits: 'hard' },
      lab: { pullsPerMinute: 50, bytesPerMonth: 10, limits: 'hard' },
      anonymous: { pullsPerMinute: 1, limits: 'hard' },
    } as const;
    expect(tierOf(['office', 'lab'], limits, 'pullsPerMinute')).toBe('lab');
    expect(tierOf(['office', 'lab'], limits, 'bytesPerMonth')).toBe('office');
    expect(tierOf([], limits, 'pullsPerMinute')).toBe('anonymous');
  });

  test('the bytes stay for the longest life of a URL', () => {
    expect(longestUrlLife({}, bucketUrlLife)).toBe(bucketUrlLife);
    const lab = { limits: 'soft', urlLife: 60 * minute } as const;
    const other = { limits: 'soft', urlLife: minute } as const;
    expect(longestUrlLife({ lab, other }, bucketUrlLife)).toBe(60 * minute);
  });
});

describe('pulls a minute', () => {
  test('hard refuses and soft warns at the limit, not before', () => {
    fc.assert(
      fc.property(fc.nat(30), anyTime, fc.boolean(), (used, now, isHard) => {
        const verdict = pullVerdict({ used, now }, { ...allowance, isHard }, false);
        const over = isHard ? 'refused' : 'warned';
        expect(verdict.kind).toBe(used < 10 ? 'allowed' : over);
        expect(verdict.remaining).toBe(Math.max(0, 10 - used));
        // At the reset the minute is another one, and a moment before it is not.
        expect(verdict.reset).toBeGreaterThanOrEqual(1);
        expect(verdict.reset).toBeLessThanOrEqual(60);
        expect(Math.floor((now + verdict.reset * 1000) / minute)).toBe(
          Math.floor(now / minute) + 1,
        );
      }),
    );
  });

  test('the manifests that the first one names are refused at twice the limit', () => {
    expect(pullVerdict({ used: 19, now: 0 }, allowance, true).kind).toBe('allowed');
    expect(pullVerdict({ used: 20, now: 0 }, allowance, true).kind).toBe('refused');
  });
});

describe('bytes a month', () => {
  test('a client is refused once it used all, until the month ends', () => {
    fc.assert(
      fc.property(fc.nat(2000), anyTime, (used, now) => {
        const { kind, reset, remaining } = monthVerdict({ used, now }, allowance, false);
        expect(kind).toBe(used < 1000 ? 'allowed' : 'refused');
        expect(remaining).toBe(Math.max(0, 1000 - used));
        expect(monthOf(now + reset * 1000)).not.toBe(monthOf(now));
        expect(monthOf(now + (reset - 1) * 1000 - 1)).toBe(monthOf(now));
      }),
    );
  });

  test('a client that cannot leave finishes its pull, up to a tenth above', () => {
    expect(monthVerdict({ used: 1099, now: 0 }, allowance, true).kind).toBe('allowed');
    expect(monthVerdict({ used: 1100, now: 0 }, allowance, true).kind).toBe('refused');
    const soft = { ...allowance, isHard: false };
    expect(monthVerdict({ used: 1100, now: 0 }, soft, true).kind).toBe('warned');
  });

  test('December ends with the year', () => {
    const now = Date.UTC(2026, 11, 31, 23, 59, 50);
    expect(monthOf(now)).toBe('2026-12');
    expect(monthVerdict({ used: 0, now }, allowance, false).reset).toBe(10);
  });
});

test('a blob of the largest size is allowed, and one byte more is not', () => {
  expect(sizeVerdict(100, allowance)).toBe('allowed');
  expect(sizeVerdict(101, allowance)).toBe('refused');
  expect(sizeVerdict(101, { ...allowance, isHard: false })).toBe('warned');
  expect(sizeVerdict(undefined, allowance)).toBe('allowed');
});
