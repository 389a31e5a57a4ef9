import { expect, it } from 'vitest';
import { asksToConfirm } from '../../../../functions/core/headers/cache-control.ts';

it.each<[string | undefined, boolean]>([
  ['no-cache', true],
  ['max-age=0, No-Cache', true],
  [undefined, false],
  ['no-store', false],
  ['max-age=0', false],
  ['x=no-cache-at-all', false],
])('Cache-Control: %s asks to confirm: %s', (header, asks) => {
  expect(asksToConfirm(header)).toBe(asks);
});
