import { expect, test } from 'vitest';
import {
  isBelowReserve,
  mayPullAhead,
} from '../../../../../functions/core/sources/budget/reserve.ts';

const now = 10_000_000;
const stateOf = (remaining: number, age = 0, windowSeconds?: number) => ({
  rate: { limit: 100, remaining, windowSeconds, seen: now - age },
  circuits: {},
});

test.each([
  [20, true],
  [21, false],
])('with %i of 100 left, the reserve of a fifth is touched: %s', (remaining, is) => {
  expect(isBelowReserve(stateOf(remaining), 0.2, now)).toBe(is);
  expect(mayPullAhead(stateOf(remaining), 0.2, now)).toBe(!is);
});

test.each([
  ['a report counts for its window', 59_999, 60, true],
  ['a report counts no longer than its window', 60_000, 60, false],
  ['a report without a window counts for an hour', 3_599_999, undefined, true],
  ['a report without a window counts no longer', 3_600_000, undefined, false],
  ['a report from the future does not count', -1, 60, false],
])('%s', (_, age, windowSeconds, is) => {
  expect(isBelowReserve(stateOf(0, age, windowSeconds), 0.2, now)).toBe(is);
});

test('a registry that reports nothing has no reserve', () => {
  expect(isBelowReserve({ circuits: {} }, 0.2, now)).toBe(false);
  expect(mayPullAhead({ circuits: {} }, 0.2, now)).toBe(true);
});

test('an open circuit of any kind stops pulls that no client waits for', () => {
  const circuit = { since: now - 1, until: now + 1, pause: 1 };
  for (const kind of ['pulls', 'requests', 'heads', 'abuse'] as const) {
    expect(mayPullAhead({ circuits: { [kind]: circuit } }, 0.2, now)).toBe(false);
    expect(mayPullAhead({ circuits: { [kind]: circuit } }, 0.2, now + 1)).toBe(true);
  }
});
