import { describe, expect, it } from 'vitest';
import { within } from '../../../../functions/core/concurrency/timeout.ts';

describe('within', () => {
  it('gives the result, or the error, of work that ends in time', async () => {
    expect(await within(60_000, Promise.resolve('done'))).toBe('done');
    await expect(within(60_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('gives undefined for work that does not', async () => {
    expect(await within(1, new Promise(() => undefined))).toBeUndefined();
  });
});
