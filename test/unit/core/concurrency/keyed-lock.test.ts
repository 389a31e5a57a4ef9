import { describe, expect, it } from 'vitest';
import { KeyedLock } from '../../../../functions/core/concurrency/keyed-lock.ts';

/** Work that ends when it is told to, and what happened in which order. */
function scene() {
  const lock = new KeyedLock();
  const log: string[] = [];
  const begin = (name: string, mode: 'shared' | 'exclusive', key = 'one') => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const done = lock[mode](key, async () => {
      log.push(`${name} begins`);
      await ended;
      log.push(`${name} ends`);
    });
    return { done, end };
  };
  return { lock, log, begin };
}

/** Longer than any chain of promises here. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('KeyedLock', () => {
  it('runs shared work of a key concurrently, and exclusive work after it', async () => {
    const { log, begin } = scene();
    const [one, two] = [begin('one', 'shared'), begin('two', 'shared')];
    const alone = begin('alone', 'exclusive');
    one.end();
    await one.done;
    await settled();
    expect(log).toEqual(['one begins', 'two begins', 'one ends']);
    two.end();
    alone.end();
    await alone.done;
    expect(log.slice(3)).toEqual(['two ends', 'alone begins', 'alone ends']);
  });

  it('runs nothing of the same key beside exclusive work', async () => {
    const { log, begin } = scene();
    const alone = begin('alone', 'exclusive');
    const others = [begin('shared', 'shared'), begin('second', 'exclusive')];
    begin('elsewhere', 'exclusive', 'two');
    for (const other of others) other.end();
    await settled();
    expect(log).toEqual(['alone begins', 'elsewhere begins']);
    alone.end();
    await Promise.all(others.map(({ done }) => done));
    expect(log.filter((line) => line.endsWith('ends'))).toHaveLength(3);
  });

  it('continues after work that failed', async () => {
    const { lock } = scene();
    const failing = lock.exclusive('one', () => Promise.reject(new Error('broken')));
    const next = lock.shared('one', async () => 'next');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('next');
    expect(await lock.exclusive('one', async () => 'last')).toBe('last');
  });
});
