import { expect, test } from 'vitest';
import { Overlay } from '../../../../functions/core/config/overlay.ts';

const from = 'PULLFRONT_X';

function applied(json: unknown, ...overrides: readonly [string[], unknown][]) {
  const overlay = new Overlay(json);
  overlay.apply(overrides.map(([path, value], at) => ({ from: `${from}${at}`, path, value })));
  return overlay;
}

test('values are set in a copy, and a later one wins', () => {
  const file = { a: { b: 1, c: 2 } };
  const { json } = applied(file, [['a', 'b'], 3], [['a', 'b'], 4], [['d', 'e', 'f'], 5]);
  expect(json).toEqual({ a: { b: 4, c: 2 }, d: { e: { f: 5 } } });
  expect(file).toEqual({ a: { b: 1, c: 2 } });
});

test('an empty object keeps the one that is there', () => {
  const { json } = applied({ a: { b: 1 } }, [['a'], {}], [['c'], {}]);
  expect(json).toEqual({ a: { b: 1 }, c: {} });
});

test('a value belongs to what set it, with all objects that were made for it', () => {
  const overlay = applied({ a: { b: 1 } }, [['a', 'b'], 2], [['d', 'e'], 3]);
  expect(overlay.place(['a', 'b'])).toBe('PULLFRONT_X0');
  expect(overlay.place(['a'])).toBe('a');
  expect(overlay.place(['d'])).toBe('PULLFRONT_X1');
  expect(overlay.place(['d', 'e'])).toBe('PULLFRONT_X1');
  expect(overlay.place(['d', 'f'])).toBe('d.f');
});

test.each([['text'], [null], [[1]], [5]])('nothing is set in %j', (value) => {
  expect(applied({ a: value }, [['a', 'b'], 1]).json).toEqual({ a: value });
  expect(applied(value, [['a'], 1]).json).toEqual(value);
});

test('no value of the caller is kept', () => {
  const list = ['a'];
  const { json } = applied({}, [['a'], list]);
  list.push('b');
  expect(json).toEqual({ a: ['a'] });
});

test('a key of the prototype is a key like any other', () => {
  const { json } = applied({}, [['__proto__', 'a'], 1], [['toString'], 2]);
  expect(Object.keys(json as object)).toEqual(['__proto__', 'toString']);
  expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
});

test('the keys of an object', () => {
  const overlay = applied({ a: { b: 1, c: 2 }, d: [1], e: null });
  expect(overlay.keys(['a'])).toEqual(['b', 'c']);
  for (const path of [['d'], ['e'], ['f'], ['a', 'b']]) expect(overlay.keys(path)).toEqual([]);
});
