import { expect, it } from 'vitest';
import { BoundedRows } from '../../../functions/memory/bounded-rows.ts';

/** A row of a key of one letter weighs two bytes more than its value. */
const rowsOf = (capacity: number) => new BoundedRows<string>(capacity);

it('keeps as much as its capacity, and then removes the least recently used', () => {
  const rows = rowsOf(24);
  rows.set('a', 'one', 10);
  rows.set('b', 'two', 10);
  expect([...rows.keys()]).toEqual(['a', 'b']);
  expect(rows.get('a')).toBe('one');
  rows.set('c', 'three', 1);
  expect([...rows.entries()]).toEqual([
    ['a', 'one'],
    ['c', 'three'],
  ]);
  expect(rows.get('b')).toBeUndefined();
});

it('removes several rows for a heavy one, and none that it need not', () => {
  const rows = rowsOf(36);
  for (const key of ['a', 'b', 'c']) rows.set(key, key, 10);
  rows.set('d', 'd', 20);
  expect([...rows.keys()]).toEqual(['c', 'd']);
});

it('does not store a value heavier than the capacity, and forgets the one before it', () => {
  const rows = rowsOf(12);
  rows.set('a', 'fits', 10);
  rows.set('a', 'too heavy', 11);
  expect([...rows.keys()]).toEqual([]);
  rows.set('b', 'fits', 10);
  expect(rows.get('b')).toBe('fits');
});

it('counts a row that is replaced or deleted no more', () => {
  const rows = rowsOf(24);
  for (let times = 0; times < 5; times++) rows.set('a', 'again', 10);
  rows.set('b', 'b', 10);
  expect([...rows.keys()]).toEqual(['a', 'b']);
  rows.delete('a');
  rows.delete('unknown');
  rows.set('c', 'c', 10);
  expect([...rows.keys()]).toEqual(['b', 'c']);
});
