import { expect, test } from 'vitest';
import { parseVersionRange } from '../../../../functions/core/config/version-ranges.ts';

test('a range is sets of bounds', () => {
  expect(parseVersionRange('>=20 <23 || 18')?.sets).toEqual([
    [
      { operator: '>=', version: [20, 0, 0, 1] },
      { operator: '<', version: [23, 0, 0, 0] },
    ],
    [
      { operator: '>=', version: [18, 0, 0, 1] },
      { operator: '<', version: [19, 0, 0, 0] },
    ],
  ]);
  expect(parseVersionRange('1.2.3')?.sets).toEqual([[{ operator: '', version: [1, 2, 3, 1] }]]);
});

test('any version', () => {
  expect(parseVersionRange('*')?.test('1')).toBe(true);
});

test('what is no range', () => {
  expect(parseVersionRange('one')).toBeUndefined();
  expect(parseVersionRange('>=a')).toBeUndefined();
});
