import { expect, it } from 'vitest';
import { BlobBytes } from '../../../functions/memory/blob-bytes.ts';

const mebibyte = 1024 * 1024;

function bytesOf(stated?: number) {
  const freed = { times: 0 };
  const bytes = new BlobBytes(stated, () => {
    freed.times += 1;
  });
  return { bytes, freed };
}

/** Bytes that differ from their neighbours. */
function made(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => at % 251);
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  return Buffer.from(await new Response(stream).arrayBuffer());
}

it.each([
  ['known', 2 * mebibyte + 10],
  ['unknown', undefined],
])('reads what was appended across pages, for a blob of %s size', async (_, stated) => {
  const { bytes } = bytesOf(stated);
  const content = made(2 * mebibyte + 10);
  for (let at = 0; at < content.byteLength; at += 700_000) {
    bytes.append(content.subarray(at, at + 700_000));
  }
  expect(bytes.length).toBe(content.byteLength);
  bytes.end();
  expect((await textOf(bytes.read(undefined))).equals(content)).toBe(true);
  for (const [start, end] of [
    [0, 0],
    [mebibyte - 1, mebibyte],
    [mebibyte, 2 * mebibyte + 9],
  ] as const) {
    const range = await textOf(bytes.read({ start, end }));
    expect(range.equals(content.subarray(start, end + 1))).toBe(true);
  }
});

it('copies what it gets', async () => {
  const { bytes } = bytesOf();
  const chunk = made(10);
  bytes.append(chunk);
  chunk.fill(0);
  bytes.end();
  expect(bytes.inOnePiece(undefined)).toEqual(made(10));
});

it.each([
  [64 * 1024, true],
  [64 * 1024 + 1, false],
])('gives a blob of %s bytes in one piece: %s', (size, isSmall) => {
  const { bytes } = bytesOf(size);
  bytes.append(made(size));
  bytes.end();
  expect(bytes.inOnePiece(undefined)?.byteLength).toBe(isSmall ? size : undefined);
  const part = isSmall ? made(size).subarray(2, 5) : undefined;
  expect(bytes.inOnePiece({ start: 2, end: 4 })).toEqual(part);
});

it('gives an empty blob in one piece', () => {
  const { bytes } = bytesOf(0);
  bytes.end();
  expect(bytes.inOnePiece(undefined)).toEqual(new Uint8Array());
});

it('keeps no more memory than an ended blob of unknown size has', () => {
  const { bytes } = bytesOf();
  bytes.append(made(10));
  expect(bytes.inOnePiece(undefined)?.buffer.byteLength).toBe(mebibyte);
  bytes.end();
  expect(bytes.inOnePiece(undefined)?.buffer.byteLength).toBe(10);
});

it('a reader waits for bytes, and for the last one until all are verified', async () => {
  const { bytes } = bytesOf(4);
  const reader = bytes.read(undefined).getReader();
  const first = reader.read();
  bytes.append(made(2));
  expect((await first).value).toEqual(made(2));
  bytes.append(made(4).subarray(2));
  expect((await reader.read()).value).toEqual(Uint8Array.of(2));
  const last = reader.read();
  bytes.end();
  expect((await last).value).toEqual(Uint8Array.of(3));
  expect(await reader.read()).toEqual({ done: true, value: undefined });
});

it('a range ends as soon as its bytes are there', async () => {
  const { bytes } = bytesOf(10);
  bytes.append(made(5));
  expect(await textOf(bytes.read({ start: 1, end: 2 }))).toEqual(Buffer.from([1, 2]));
});

it('a failure reaches who waits and who comes later', async () => {
  const { bytes, freed } = bytesOf(4);
  const waiting = bytes.read(undefined).getReader().read();
  bytes.extent.fail(new Error('wrong bytes'));
  await expect(waiting).rejects.toThrow('wrong bytes');
  await expect(bytes.read(undefined).getReader().read()).rejects.toThrow('wrong bytes');
  bytes.drop();
  expect(freed.times).toBe(1);
});

it('frees a failed blob though readers have not noticed yet', async () => {
  const { bytes, freed } = bytesOf(4);
  const stream = bytes.read(undefined);
  bytes.extent.fail(new Error('wrong bytes'));
  bytes.drop();
  expect(freed.times).toBe(1);
  await expect(stream.getReader().read()).rejects.toThrow('wrong bytes');
  expect(freed.times).toBe(1);
});

it('frees a dropped blob once, when its last reader has ended', async () => {
  const { bytes, freed } = bytesOf(4);
  bytes.append(made(4));
  bytes.end();
  const [one, two] = [bytes.read(undefined), bytes.read(undefined)];
  bytes.drop();
  expect(await textOf(one)).toHaveLength(4);
  expect(freed.times).toBe(0);
  await two.cancel();
  expect(freed.times).toBe(1);
  bytes.drop();
  expect(freed.times).toBe(1);
  await expect(bytes.read(undefined).getReader().read()).rejects.toMatchObject({
    name: 'BytesDropped',
  });
});

it('a reader that goes while it waits does not keep the blob', async () => {
  const { bytes, freed } = bytesOf(4);
  const stream = bytes.read(undefined);
  const reader = stream.getReader();
  const waiting = reader.read();
  await reader.cancel();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(freed.times).toBe(0);
  bytes.drop();
  expect(freed.times).toBe(1);
});
