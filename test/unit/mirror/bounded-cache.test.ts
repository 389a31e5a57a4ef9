import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../../functions/core/mirror/bounded-cache.ts';

describe('BoundedCache', () => {
  it('drops the least recently used when the weight is exceeded', () => {
    const cache = new BoundedCache<string>(3, () => 0);
    cache.set('a', 'A');
    cache.set('b', 'B');
    cache.set('c', 'C');
    cache.get('a');
    cache.set('d', 'D');
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual(['A', undefined, 'C', 'D']);
  });

  it('weighs what it keeps, also what is replaced or deleted', () => {
    const cache = new BoundedCache<string>(10, () => 0);
    cache.set('a', 'A', undefined, 9);
    cache.set('a', 'A', undefined, 1);
    cache.set('b', 'B', undefined, 9);
    expect(cache.get('a')).toBe('A');
    cache.delete('b');
    cache.set('c', 'C', undefined, 9);
    expect(cache.get('a')).toBe('A');
    expect(cache.get('c')).toBe('C');
  });

  it('does not keep what is heavier than everything', () => {
    const cache = new BoundedCache<string>(10, () => 0);
    cache.set('a', 'A', undefined, 11);
    expect(cache.get('a')).toBeUndefined();
  });

  it('forgets a value at the end of its life, and its weight with it', () => {
    let now = 0;
    const cache = new BoundedCache<string>(1, () => now);
    cache.set('a', 'A', 100);
    now = 99;
    expect(cache.get('a')).toBe('A');
    now = 100;
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', 'B');
    expect(cache.get('b')).toBe('B');
  });
});
