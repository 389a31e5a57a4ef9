import { expect, it } from 'vitest';
import { steadyClock } from '../../../../functions/core/concurrency/steady-clock.ts';

it('goes on from where it was when the clock is set back', () => {
  let now = 1_000_000;
  const clock = steadyClock(() => now);
  const began = clock();
  now += 500;
  expect(clock() - began).toBe(500);
  now -= 3_600_000;
  expect(clock() - began).toBe(500);
  now += 250;
  expect(clock() - began).toBe(750);
});
