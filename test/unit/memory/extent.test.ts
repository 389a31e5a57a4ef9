import { expect, it } from 'vitest';
import { GrowingExtent, wholeExtent } from '../../../functions/memory/extent.ts';

function watched(stated: number | undefined) {
  const extent = new GrowingExtent(stated);
  const seen: number[] = [];
  const forget = extent.watch(() => seen.push(extent.readable));
  return { extent, seen, forget };
}

it.each([
  ['known', 10, [1, 4, 9, 10, 10], [0, 3, 8, 9, 9]],
  ['unknown', undefined, [1, 4], [0, 3]],
])('holds back the last byte of a blob of %s size', (_, stated, written, readable) => {
  const { extent } = watched(stated);
  const found = written.map((count) => {
    extent.grow(count);
    return extent.readable;
  });
  expect(found).toEqual(
    stated === undefined ? readable : written.map((count) => Math.min(count, 9)),
  );
  extent.end(10);
  expect(extent).toMatchObject({ readable: 10, ended: true, failure: undefined });
});

it('tells watchers of each change, and of nothing else', () => {
  const { extent, seen, forget } = watched(10);
  extent.grow(4);
  extent.grow(4);
  extent.grow(3);
  expect(seen).toEqual([4]);
  extent.end(10);
  expect(seen).toEqual([4, 10]);
  forget();
  extent.end(10);
  expect(seen).toEqual([4, 10]);
});

it('keeps the first failure, and grows no more', () => {
  const { extent, seen } = watched(10);
  extent.grow(2);
  extent.fail(new Error('first'));
  extent.fail(new Error('second'));
  extent.grow(5);
  expect(extent).toMatchObject({ readable: 2, ended: false, failure: { message: 'first' } });
  expect(seen).toEqual([2, 2, 2]);
});

it('does not fail or grow once it ended', () => {
  const { extent, seen } = watched(undefined);
  extent.end(3);
  extent.fail(new Error('late'));
  extent.grow(9);
  expect(extent).toMatchObject({ readable: 3, ended: true, failure: undefined });
  expect(seen).toEqual([3]);
});

it('is complete for a stored blob', () => {
  expect(wholeExtent(7)).toMatchObject({ readable: 7, ended: true, failure: undefined });
});
