import { expect, test } from 'vitest';
import { SmallBlobs } from '../../../../functions/local/files/small-blobs.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/** A file that gives a few bytes at a time. */
function fileOf(text: string) {
  const bytes = new TextEncoder().encode(text);
  return {
    async readInto(target: Uint8Array, length: number, position: number) {
      const part = bytes.subarray(position, position + Math.min(length, 3));
      if (part.byteLength === 0) throw new Error('shorter');
      target.set(part);
      return part.byteLength;
    },
  } as never;
}

test.each([
  [32 * 1024, true],
  [32 * 1024 + 1, false],
])('%s bytes are small: %s', (size, isSmall) => {
  expect(new SmallBlobs().isSmall(size)).toBe(isSmall);
});

test('a blob is read once and kept, until it is forgotten', async () => {
  const blobs = new SmallBlobs();
  const digest = madeDigest('abcdefgh');
  expect(blobs.get(digest)).toBeUndefined();
  const read = await blobs.read(digest, 8, fileOf('abcdefgh'));
  expect(Buffer.from(read ?? []).toString()).toBe('abcdefgh');
  expect(blobs.get(digest)).toBe(read);
  blobs.forget(digest);
  expect(blobs.get(digest)).toBeUndefined();
});

test('an empty blob, and one by SHA-512', async () => {
  const blobs = new SmallBlobs();
  expect(await blobs.read(madeDigest(''), 0, fileOf(''))).toHaveLength(0);
  expect(await blobs.read(madeDigest('a', 'sha512'), 1, fileOf('a'))).toHaveLength(1);
});

test('wrong bytes are not kept', async () => {
  const blobs = new SmallBlobs();
  const digest = madeDigest('abc');
  expect(await blobs.read(digest, 3, fileOf('abd'))).toBeUndefined();
  expect(blobs.get(digest)).toBeUndefined();
});

test('a file that is too short is an error', async () => {
  const reading = new SmallBlobs().read(madeDigest('abcd'), 4, fileOf('abc'));
  await expect(reading).rejects.toThrow('shorter');
});
