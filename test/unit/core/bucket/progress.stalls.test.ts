import { expect, it } from 'vitest';
import { nextStall } from '../../../../functions/core/bucket/progress.ts';

it('three pauses in a row without one more part are counted, and the next is a failure', () => {
  let count = 0;
  for (let pauses = 1; pauses <= 3; pauses++) {
    count = nextStall(count);
    expect(count).toBe(pauses);
  }
  expect(() => nextStall(count)).toThrow('too slow');
});
