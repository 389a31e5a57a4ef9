import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isBelowReserve,
  mayPullAhead,
} from '../../../../../functions/core/sources/budget/reserve.ts';
import {
  baselineOf,
  hoursUntilDry,
  type Sample,
  Tally,
} from '../../../../../functions/core/sources/budget/spending.ts';

const hour = 3_600_000;
const rate = (remaining: number, seen = 0) => ({
  limit: 100,
  remaining,
  windowSeconds: 21_600,
  seen,
});

describe('the reserve', () => {
  it('is kept from pulls that no client waits for', () => {
    const may = (remaining: number) =>
      mayPullAhead({ rate: rate(remaining), circuits: {} }, 0.2, hour);
    expect([may(100), may(21), may(20), may(0)]).toEqual([true, true, false, false]);
  });

  it('is unknown where the registry does not say what is left, or said it a window ago', () => {
    expect(mayPullAhead({ circuits: {} }, 0.2, 0)).toBe(true);
    const old = { rate: rate(1), circuits: {} };
    expect(isBelowReserve(old, 0.2, 6 * hour - 1)).toBe(true);
    expect(isBelowReserve(old, 0.2, 6 * hour)).toBe(false);
  });

  it('does not matter while a circuit is open', () => {
    const circuits = { heads: { since: 0, until: hour, pause: 1 } };
    expect(mayPullAhead({ rate: rate(100), circuits }, 0.2, 1)).toBe(false);
  });
});

describe('hours until dry', () => {
  it('are what is left by the speed of spending', () => {
    const from = { remaining: 100, seen: 0 };
    expect(hoursUntilDry(from, { remaining: 80, seen: hour })).toBe(4);
    expect(hoursUntilDry(from, { remaining: 0, seen: hour })).toBe(0);
    expect(hoursUntilDry(from, { remaining: 100, seen: hour })).toBeUndefined();
    expect(hoursUntilDry(from, { remaining: 99, seen: 1 })).toBeUndefined();
  });

  it('are none when nothing is left, whatever was spent since', () => {
    const dry = { seen: 0, remaining: 0 };
    expect(hoursUntilDry(dry, dry)).toBe(0);
  });

  it('are measured over the last hour, and anew when the window begins again', () => {
    let base: Sample | undefined;
    // 60 an hour for two hours, then none for one.
    for (let at = 0; at <= 120; at++)
      base = baselineOf(base, { remaining: 200 - at, seen: at * 60_000 });
    const latest = { remaining: 80, seen: 2 * hour };
    expect(base && hoursUntilDry(base, latest)).toBeCloseTo(80 / 60, 1);
    expect(baselineOf(base, { remaining: 200, seen: 3 * hour })).toEqual({
      remaining: 200,
      seen: 3 * hour,
    });
  });
});

describe('who spends', () => {
  it('has the most first, and the rest together', () => {
    const tally = new Tally();
    for (const name of ['a', 'b', 'b', 'c', 'c', 'c']) tally.add(name);
    expect(tally.most(2)).toEqual([
      { name: 'c', pulls: 3 },
      { name: 'b', pulls: 2 },
      { name: 'others', pulls: 1 },
    ]);
  });

  it('is bounded, and loses no pull', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 600 }), (names) => {
        const tally = new Tally();
        for (const name of names) tally.add(String(name));
        const all = tally.most(1000);
        expect(all.length).toBeLessThanOrEqual(101);
        expect(all.reduce((sum, { pulls }) => sum + pulls, 0)).toBe(names.length);
      }),
    );
  });
});
