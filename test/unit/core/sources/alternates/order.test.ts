import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterAnswer,
  afterBlob,
  afterFailure,
  type Measured,
  orderOf,
  unmeasured,
} from '../../../../../functions/core/sources/alternates/order.ts';

const measured: fc.Arbitrary<Measured> = fc.record({
  failures: fc.nat(10),
  milliseconds: fc.option(fc.nat(60_000), { nil: undefined }),
  speed: fc.option(fc.integer({ min: 1, max: 1_000_000_000 }), { nil: undefined }),
});
const list = fc.array(measured, { minLength: 1, maxLength: 8 });

test('every alternate is asked, once', () => {
  fc.assert(
    fc.property(list, (all) => {
      expect(orderOf(all).toSorted((a, b) => a - b)).toEqual([...all.keys()]);
    }),
  );
});

test('equal ones are asked in the order of the configuration', () => {
  fc.assert(
    fc.property(measured, fc.integer({ min: 1, max: 8 }), (one, count) => {
      expect(orderOf(Array(count).fill(one))).toEqual([...Array(count).keys()]);
    }),
  );
});

test.each([
  ['a failure', (one: Measured) => afterFailure(one)],
  ['slowness', (one: Measured) => ({ ...one, milliseconds: (one.milliseconds ?? 1) * 100 + 1 })],
  ['a slow blob', (one: Measured) => ({ ...one, speed: (one.speed ?? 1_000_000) / 100 })],
])('%s never moves an alternate forward', (_, worsen) => {
  fc.assert(
    fc.property(list, fc.nat(), (all, pick) => {
      const at = pick % all.length;
      const worse = all.with(at, worsen(all[at] ?? unmeasured));
      expect(orderOf(worse).indexOf(at)).toBeGreaterThanOrEqual(orderOf(all).indexOf(at));
    }),
  );
});

test('one that fails is asked after any that does not', () => {
  fc.assert(
    fc.property(measured, measured, (one, other) => {
      const order = orderOf([afterFailure({ ...one, failures: 0 }), { ...other, failures: 0 }]);
      expect(order).toEqual([1, 0]);
    }),
  );
});

test('a good answer ends the failures', () => {
  const failed = afterFailure(afterFailure(unmeasured));
  expect(failed.failures).toBe(2);
  expect(afterAnswer(failed, 30)).toEqual({ failures: 0, milliseconds: 30, speed: undefined });
});

test('a much faster one is asked first', () => {
  const slow = afterBlob(unmeasured, 10_000_000, 20_000);
  const fast = afterBlob(unmeasured, 10_000_000, 1_000);
  expect(orderOf([slow, fast])).toEqual([1, 0]);
  expect(orderOf([afterAnswer(unmeasured, 4_000), afterAnswer(unmeasured, 40)])).toEqual([1, 0]);
});

test('the newest measurement counts for a third', () => {
  const twice = afterAnswer(afterAnswer(unmeasured, 100), 200);
  expect(twice.milliseconds).toBeCloseTo(130);
});
