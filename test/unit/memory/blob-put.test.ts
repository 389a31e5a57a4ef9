import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ByteReader } from '../../../functions/core/bytes/byte-reader.ts';
import type { BlobBytes } from '../../../functions/memory/blob-bytes.ts';
import { MemoryBlobPut } from '../../../functions/memory/blob-put.ts';
import { Room } from '../../../functions/memory/room.ts';
import { madeDigest } from '../../contract/made-content.ts';

const mebibyte = 1024 * 1024;

/** A source of these chunks that notes how it was cancelled; it may break off. */
function sourceOf(chunks: readonly Uint8Array[], failure?: Error) {
  const seen = { opened: 0, cancelled: [] as unknown[], read: 0 };
  const reader: ByteReader = {
    async read() {
      const value = chunks[seen.read++];
      if (value !== undefined) return { done: false, value };
      if (failure !== undefined) throw failure;
      return { done: true, value: undefined };
    },
    cancel: async (reason) => void seen.cancelled.push(reason),
  };
  const open = () => {
    seen.opened += 1;
    return reader;
  };
  return { seen, source: { open, slices: async () => 1 } };
}

const content = new TextEncoder().encode('content');
const digest = madeDigest(content);

function scene(capacity = 100) {
  const room = new Room({ capacity, now: () => 0, evictable: () => 0, onFull: () => undefined });
  const published: BlobBytes[] = [];
  const context = {
    room,
    createHash(algorithm: string) {
      const hash = createHash(algorithm);
      return {
        update: (bytes: Uint8Array) => void hash.update(bytes),
        hex: async () => hash.digest('hex'),
      };
    },
    publish(_: unknown, bytes: BlobBytes) {
      published.push(bytes);
      return bytes;
    },
  };
  const put = (
    chunks: readonly Uint8Array[],
    size: number | undefined,
    { failure, abort = new AbortController() }: { failure?: Error; abort?: AbortController } = {},
  ) => {
    const { source, seen } = sourceOf(chunks, failure);
    const one = new MemoryBlobPut({ digest, size }, source, abort.signal, context as never);
    return { put: one, seen, abort };
  };
  return { room, published, put };
}

it.each([
  ['known', 7],
  ['unknown', undefined],
])('stores right bytes of %s size, and takes as much room as they have', async (_, size) => {
  const { room, published, put } = scene(20 * mebibyte);
  const { put: one } = put([content.slice(0, 3), content.slice(3)], size);
  expect(await one.done).toEqual({ kind: 'stored', size: 7 });
  await one.begun;
  expect(published).toHaveLength(1);
  expect(room.taken).toBe(7);
  expect(one.arrived()).toBe(7);
  expect(await new Response(one.follow()).text()).toBe('content');
  expect(await new Response(one.follow({ start: 1, end: 2 })).text()).toBe('on');
});

it.each([
  ['too short', [content.slice(0, 6)], 'expected 7 bytes, got 6'],
  ['too long', [content, content], 'expected 7 bytes, got more'],
  ['wrong', [content.slice().reverse()], `expected ${digest}, got sha256:`],
])('does not store bytes that are %s, and frees their room', async (_, chunks, reason) => {
  const { room, published, put } = scene();
  const { put: one, seen } = put(chunks, 7);
  const follower = new Response(one.follow()).text();
  follower.catch(() => undefined);
  expect(await one.done).toEqual({ kind: 'mismatch', reason: expect.stringContaining(reason) });
  await expect(follower).rejects.toThrow('wrong bytes for');
  expect(published).toEqual([]);
  expect(room.taken).toBe(0);
  expect(seen.cancelled).toHaveLength(chunks.length > 1 ? 1 : 0);
});

it('a source that breaks off is the error of all', async () => {
  const { room, put } = scene();
  const { put: one } = put([content.slice(0, 3)], 7, { failure: new Error('gone') });
  const follower = new Response(one.follow()).text();
  follower.catch(() => undefined);
  await expect(one.done).rejects.toThrow('gone');
  await expect(follower).rejects.toThrow('gone');
  expect(room.taken).toBe(0);
});

it('a blob larger than the store is refused before its first byte', async () => {
  const { room, put } = scene(6);
  const { put: one, seen } = put([content], 7);
  await expect(one.done).rejects.toMatchObject({
    name: 'BlobTooLarge',
    message: `${digest} is larger than the 6 bytes of the store in memory`,
  });
  expect(seen.opened).toBe(0);
  expect(room.taken).toBe(0);
});

it('a blob as large as the store is stored', async () => {
  const { put } = scene(7);
  expect((await put([content], 7).put.done).kind).toBe('stored');
});

it('a blob of unknown size that outgrows the store is too large', async () => {
  const { room, put } = scene(8 * mebibyte);
  const chunk = new Uint8Array(mebibyte);
  const { put: one, seen } = put(
    Array.from({ length: 9 }, () => chunk),
    undefined,
  );
  await expect(one.done).rejects.toMatchObject({
    name: 'BlobTooLarge',
    message: `${digest} does not fit into memory`,
  });
  expect(seen.read).toBe(9);
  expect(seen.cancelled).toHaveLength(1);
  expect(room.taken).toBe(0);
});

it('an aborted put ends with the reason, and reads nothing if that was before', async () => {
  const before = new AbortController();
  before.abort(new Error('stopped'));
  const { put } = scene();
  const early = put([content], 7, { abort: before });
  await expect(early.put.done).rejects.toThrow('stopped');
  expect(early.seen.opened).toBe(0);
  const late = put([content.slice(0, 3), content.slice(3)], 7);
  await late.put.begun;
  late.abort.abort(new Error('stopped later'));
  await expect(late.put.done).rejects.toThrow('stopped later');
  expect(late.seen.cancelled).toContainEqual(new Error('stopped later'));
});
