import { expect, test } from 'vitest';
import { blobKey } from '../../../../functions/core/bucket/blob-key.ts';
import { BlobReader } from '../../../../functions/core/bucket/blob-reader.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/** A bucket with one object of this size, which notes what is read. */
function scene(size: number | undefined) {
  const reads: unknown[][] = [];
  const reader = new BlobReader(
    async (key, range) => {
      reads.push([key, range]);
      if (size === undefined) return undefined;
      const bytes = new Uint8Array(range === undefined ? size : range.end - range.start + 1);
      return { size, body: new Response(bytes.fill(7)).body as ReadableStream<Uint8Array> };
    },
    () => 0,
  );
  return { reader, reads };
}

const digest = madeDigest('blob');
const key = blobKey(digest);

test.each([
  [0, true],
  [32 * 1024, true],
  [32 * 1024 + 1, false],
])('a blob of %s bytes is kept in memory: %s', async (size, isKept) => {
  const { reader, reads } = scene(size);
  for (let times = 0; times < 2; times++) {
    const location = await reader.locate(digest, undefined);
    expect(location).toMatchObject({ kind: 'stream', size });
    const body = location?.kind === 'stream' ? location.body : undefined;
    expect(body instanceof Uint8Array).toBe(isKept);
  }
  expect(reads).toEqual(
    isKept
      ? [[key, undefined]]
      : [
          [key, undefined],
          [key, undefined],
        ],
  );
});

test('a range of a blob in memory is a part of it, and of any other is read', async () => {
  const { reader, reads } = scene(10);
  const range = { start: 2, end: 4 };
  const before = await reader.locate(digest, range);
  expect(before).toMatchObject({ size: 10, body: expect.any(ReadableStream) });
  expect(reads).toEqual([[key, range]]);
  await reader.locate(digest, undefined);
  const after = await reader.locate(digest, range);
  expect(after).toEqual({ kind: 'stream', size: 10, body: new Uint8Array(3).fill(7) });
  expect(reads).toHaveLength(2);
});

test('a blob that is not there, or was deleted, is not in memory', async () => {
  expect(await scene(undefined).reader.locate(digest, undefined)).toBeUndefined();
  const { reader, reads } = scene(10);
  await reader.locate(digest, undefined);
  reader.delete(digest);
  await reader.locate(digest, undefined);
  expect(reads).toHaveLength(2);
});
