import { expect, test } from 'vitest';
import { lowFileLimit, openFileLimit } from '../../../functions/node/open-file-limit.ts';

test('a limit below 1,024 is too low, and how to raise it', () => {
  expect(lowFileLimit(64)).toEqual({
    limit: 64,
    needed: 1024,
    hint: expect.stringContaining('ulimit -n 4096'),
  });
  expect(lowFileLimit(1023)?.limit).toBe(1023);
});

test('a usual limit is not, nor is that of this process', () => {
  expect(lowFileLimit(1024)).toBeUndefined();
  expect(lowFileLimit()).toBeUndefined();
});

test('a system without the file of Linux says the same in a report of Node', () => {
  const limit = openFileLimit();
  expect(limit).toBeGreaterThan(0);
  expect(openFileLimit('/none')).toBe(limit);
});
