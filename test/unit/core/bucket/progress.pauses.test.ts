import { expect, it } from 'vitest';
import { oneMoreFruitless } from '../../../../functions/core/bucket/progress.ts';

it('three pauses in a row without one more part are counted, and the next is a failure', () => {
  let count = 0;
  for (let pauses = 1; pauses <= 3; pauses++) {
    count = oneMoreFruitless(count);
    expect(count).toBe(pauses);
  }
  expect(() => oneMoreFruitless(count)).toThrow('too slow');
});
