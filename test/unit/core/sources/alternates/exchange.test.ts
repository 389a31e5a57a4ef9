import { expect, test } from 'vitest';
import type { BlobOpening } from '../../../../../functions/core/ports/upstream.ts';
import { cancel, checkSize } from '../../../../../functions/core/sources/alternates/exchange.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const digest = madeDigest('a blob');

/** A body of an alternate, and whether it was dropped. */
function opening(size: number | undefined) {
  let isCancelled = false;
  const body = {
    cancel: async () => {
      isCancelled = true;
      throw new Error('it is gone already');
    },
  };
  const opened = { kind: 'found', size, body } as unknown as BlobOpening;
  return { opened, isCancelled: () => isCancelled };
}

test.each([
  [5, 5],
  [undefined, 5],
  [5, undefined],
  [undefined, undefined],
])('a body of %s bytes is taken where %s are expected', (size, expected) => {
  const { opened, isCancelled } = opening(size);
  expect(checkSize(opened, expected, digest)).toBe(opened);
  expect(isCancelled()).toBe(false);
});

test('a body of another size is dropped, and the alternate failed', () => {
  const { opened, isCancelled } = opening(6);
  expect(() => checkSize(opened, 5, digest)).toThrow(
    expect.objectContaining({
      kind: 'invalid',
      message: `the alternate's ${digest} has 6 bytes, not 5`,
    }),
  );
  expect(isCancelled()).toBe(true);
});

test('a refusal has no size, and nothing to drop', () => {
  const refused = { kind: 'absent' } as const;
  expect(checkSize(refused, 5, digest)).toBe(refused);
  expect(() => cancel(refused)).not.toThrow();
});
