import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../../functions/core/concurrency/limiter.ts';

describe('Limiter', () => {
  it('runs so much work at once, in the order in which it came', async () => {
    const limiter = new Limiter(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = Array.from({ length: 5 }, (_, at) =>
      limiter.run(async () => {
        begun.push(at);
        await new Promise<void>((resolve) => ends.push(resolve));
        return at;
      }),
    );
    for (let ended = 0; ended < 5; ended++) {
      expect(begun.length).toBe(Math.min(5, ended + 2));
      ends[ended]?.();
      await work[ended];
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(work)).toEqual([0, 1, 2, 3, 4]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives the place of work that failed to the next', async () => {
    const limiter = new Limiter(1);
    const failing = limiter.run(() => Promise.reject(new Error('broken')));
    const next = limiter.run(async () => 'next');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });
});
