import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedCache, keepNewest } from '../../../../functions/core/concurrency/bounded-cache.ts';

describe('BoundedCache', () => {
  it('keeps used values and drops unused ones', () => {
    const cache = new BoundedCache<number>(10, () => 0);
    cache.set('used', 0);
    cache.set('unused', 0);
    for (let at = 1; at < 100; at += 1) {
      cache.set(String(at), at);
      expect(cache.get('used')).toBe(0);
    }
    expect(cache.get('unused')).toBeUndefined();
    expect(cache.get('99')).toBe(99);
  });

  it('never keeps more than its weight', () => {
    const step = fc.record({
      key: fc.constantFrom(...'abcdefghij'),
      weight: fc.nat(12),
      what: fc.constantFrom('set', 'get', 'delete'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new BoundedCache<number>(20, () => 0);
        const expected = new Map<string, number>();
        for (const { key, weight, what } of steps) {
          if (what === 'set') {
            cache.set(key, weight, undefined, weight);
            expected.set(key, weight);
          } else if (what === 'delete') {
            cache.delete(key);
            expected.delete(key);
          } else {
            const value = cache.get(key);
            if (value !== undefined) expect(value).toBe(expected.get(key));
          }
        }
        const kept = [...'abcdefghij'].map((key) => cache.get(key) ?? 0);
        expect(kept.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(20);
      }),
    );
  });

  it.each([...'abcd'])('keeps as many values as its capacity: %s is one', (one) => {
    const cache = new BoundedCache<string>(4, () => 0);
    for (const key of 'abcd') cache.set(key, key);
    expect(cache.get(one)).toBe(one);
  });

  it.each(['get', 'set'])('counts a value once, however often it is used: %s', (use) => {
    const cache = new BoundedCache<string>(8, () => 0);
    for (const key of 'abcde') cache.set(key, key);
    for (let round = 0; round < 10; round++) {
      if (use === 'set') cache.set('e', 'e');
      else cache.get('e');
    }
    expect([...'abcd'].map((key) => cache.get(key))).toEqual([...'abcd']);
  });

  it('does not keep a value heavier than half of its capacity', () => {
    const cache = new BoundedCache<string>(10, () => 0);
    cache.set('a', 'A', undefined, 6);
    expect(cache.get('a')).toBeUndefined();
  });

  it('forgets a value at the end of its life, and its weight with it', () => {
    let now = 0;
    const cache = new BoundedCache<string>(2, () => now);
    cache.set('a', 'A', 100);
    now = 99;
    expect(cache.get('a')).toBe('A');
    now = 100;
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', 'B');
    expect(cache.get('b')).toBe('B');
  });

  it('forgets a value whose end is later than its life: the clock was set back', () => {
    let now = 3_600_000;
    const cache = new BoundedCache<string>(4, () => now);
    cache.set('short', 'S', 20_000);
    cache.set('endless', 'E');
    now = 0;
    expect(cache.get('short')).toBeUndefined();
    expect(cache.get('endless')).toBe('E');
  });

  it('is empty when it is cleared', () => {
    const cache = new BoundedCache<string>(4, () => 0);
    for (const key of 'abcd') cache.set(key, key);
    cache.clear();
    expect([...'abcd'].map((key) => cache.get(key))).toEqual(Array(4).fill(undefined));
  });

  it('is empty without values, whether they were used lately or not', () => {
    const cache = new BoundedCache<string>(4, () => 0);
    expect(cache.isEmpty).toBe(true);
    cache.set('a', 'A');
    expect(cache.isEmpty).toBe(false);
    // Heavy enough to make the first one old.
    cache.set('b', 'B', undefined, 2);
    expect(cache.isEmpty).toBe(false);
    cache.delete('b');
    expect(cache.isEmpty).toBe(false);
    cache.delete('a');
    expect(cache.isEmpty).toBe(true);
  });

  it('knows the weight of what was deleted, and is whole again when it is cleared', () => {
    for (const clear of ['delete', 'clear']) {
      const cache = new BoundedCache<string>(8, () => 0);
      for (const key of 'abcd') cache.set(key, key);
      if (clear === 'clear') cache.clear();
      else for (const key of 'abcd') cache.delete(key);
      for (const key of 'efghijkl') cache.set(key, key);
      expect(cache.get('e')).toBe('e');
    }
  });
});

describe('keepNewest', () => {
  it('keeps as many values as it may, the newest last', () => {
    const map = new Map([['a', 1]]);
    keepNewest(map, 'b', 2, 2);
    expect([...map]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    keepNewest(map, 'a', 3, 2);
    keepNewest(map, 'c', 4, 2);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });
});
