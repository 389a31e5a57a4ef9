import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packList, unpackList } from '../../../../functions/aws/dynamodb/list-codec.ts';

test('a list is unpacked as it was packed, and smaller in between', async () => {
  const entries = Array.from({ length: 1000 }, () => ({ name: 'latest' }));
  const packed = await packList(entries);
  expect(packed.byteLength).toBeLessThan(1000);
  expect(await unpackList(packed)).toEqual(entries);
});

test('what is no list is an empty one; other bytes are refused', async () => {
  expect(await unpackList(gzipSync('{"a":1}'))).toEqual([]);
  await expect(unpackList(new Uint8Array(5))).rejects.toThrow();
  await expect(unpackList(gzipSync('no JSON'))).rejects.toThrow(SyntaxError);
});
