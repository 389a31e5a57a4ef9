import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../../../functions/core/bytes/batches.ts';

const most = { items: 4, bytes: 10 };
const batches = (sizes: readonly number[]) => [...batchesOf(sizes, (size) => size, most)];

describe('batches', () => {
  it('hold every item once, in order, within the limits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 30 }), (sizes) => {
        const found = batches(sizes);
        expect(found.flat()).toEqual(sizes);
        for (const batch of found) {
          expect(batch.length).toBeLessThanOrEqual(most.items);
          expect(batch.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(most.bytes);
        }
      }),
    );
  });

  it('are as full as possible', () => {
    expect(batches([5, 5, 1, 1, 1, 1, 1])).toEqual([[5, 5], [1, 1, 1, 1], [1]]);
  });

  it('give an item that is too large its own batch', () => {
    expect(batches([1, 11, 1])).toEqual([[1], [11], [1]]);
    expect(batches([])).toEqual([]);
  });
});
