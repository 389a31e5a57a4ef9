import { expect, it } from 'vitest';
import { parseVersionRange } from '../../../../functions/core/config/version-ranges.ts';

it.each([
  ['>=20', 'v20', true],
  ['>=20', '20.1.0-bookworm', true],
  ['>=20', '19.9.9', false],
  ['>=20', '20-rc1', false],
  ['<18', '18-rc1', false],
  ['<18', '17-rc1', true],
  ['16', '17-rc1', false],
  ['^1.25', '2.0.0-rc1', false],
  ['1.x', '2.0-beta1', false],
  ['>=1.0.0-rc.2', '1.0.0-rc.2', true],
  ['<18', '17-alpine', true],
  ['<18', '18-alpine', false],
  ['^1.25', '1.25.3', true],
  ['^1.25', '2.0', false],
  ['1.x || >=3', '3.1', true],
  ['1.x || >=3', '2', false],
  ['>1.2.3', '1.2.3', false],
  ['<=1.2.3', '1.2.3', true],
  ['=1.2.3', '1.2.3', true],
  ['*', 'latest', false],
  ['*', '2026.11.30', true],
])('%s has %s: %s', (range, tag, isInside) => {
  expect(parseVersionRange(range)?.test(tag)).toBe(isInside);
});
