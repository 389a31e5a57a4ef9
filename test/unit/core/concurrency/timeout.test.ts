import { describe, expect, it, vi } from 'vitest';
import { withTimeout } from '../../../../functions/core/concurrency/timeout.ts';

describe('withTimeout', () => {
  it('gives the result or the error of work that ends in time', async () => {
    expect(await withTimeout(60_000, Promise.resolve('done'))).toBe('done');
    await expect(withTimeout(60_000, Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
  });

  it('leaves no timer behind, which would keep the process running', async () => {
    vi.useFakeTimers();
    try {
      await withTimeout(60_000, Promise.resolve());
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives undefined for work that takes too long', async () => {
    expect(await withTimeout(1, new Promise(() => undefined))).toBeUndefined();
  });
});
