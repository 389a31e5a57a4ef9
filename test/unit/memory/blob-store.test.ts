import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { BlobTooLarge } from '../../../functions/core/ports/blob-store.ts';
import { MemoryBlobStore } from '../../../functions/memory/blob-store.ts';
import { nodeRuntime } from '../../../functions/node/runtime.ts';
import { bytesOf, FedSource, sourceOf, tooLargeSource } from '../../contract/fed-source.ts';
import { madeDigest } from '../../contract/made-content.ts';

const { createHash } = nodeRuntime(() => undefined).runtime;
const storeBytes = 10_000_000;
const contents = [1, 2, 3].map(() => new Uint8Array(randomBytes(4_000_000)));
const [first, second, third] = contents as [Uint8Array, Uint8Array, Uint8Array];

let now: number;
let problems: string[];
let store: MemoryBlobStore;
/** How often the store wanted others evicted. */
let evictions: number;

beforeEach(() => {
  now = 1000;
  problems = [];
  evictions = 0;
  const onProblem = (reason: string) => problems.push(reason);
  store = new MemoryBlobStore({ now: () => now, createHash, storeBytes, onProblem });
  store.evictBy(async () => {
    evictions += 1;
  });
});

function put(bytes: Uint8Array, size: number | undefined = bytes.byteLength) {
  return store.put({ digest: madeDigest(bytes), size }, sourceOf(bytes));
}

/** Evicts the blobs in the order in which they are given, one at a time. */
function evictInOrder(...blobs: Uint8Array[]): void {
  store.evictBy(async () => {
    evictions += 1;
    const [next] = blobs.splice(0, 1);
    if (next !== undefined) await store.delete(madeDigest(next));
  });
}

describe('the bound of a store in memory', () => {
  test('a deleted blob that is still read cannot be evicted again', async () => {
    await put(first).done;
    const location = await store.locate(madeDigest(first));
    await store.delete(madeDigest(first));
    await expect(put(new Uint8Array(8_000_000)).done).rejects.toThrow('no room in memory');
    expect(evictions).toBe(0);
    if (location?.kind === 'stream' && location.body instanceof ReadableStream) {
      await location.body.cancel();
    }
    expect(await store.usedBytes()).toBe(0);
  });

  test('a blob that fits evicts nothing', async () => {
    for (const bytes of [first, second]) expect((await put(bytes).done).kind).toBe('stored');
    expect(evictions).toBe(0);
    expect(await store.usedBytes()).toBe(8_000_000);
  });

  test('a blob that needs room has others evicted before its first byte', async () => {
    for (const bytes of [first, second]) await put(bytes).done;
    evictInOrder(first);
    expect((await put(third).done).kind).toBe('stored');
    expect(await store.stat(madeDigest(first))).toBeUndefined();
    expect(await store.usedBytes()).toBe(8_000_000);
    expect(evictions).toBe(1);
  });

  test('blobs that come in count, and a blob that fits beside nothing is refused', async () => {
    const coming = new FedSource();
    const underWay = store.put({ digest: madeDigest(first), size: first.byteLength }, coming);
    await put(second).done;
    const large = new Uint8Array(7_000_000);
    const source = new FedSource();
    const refused = store.put({ digest: madeDigest(large), size: large.byteLength }, source);
    await expect(refused.done).rejects.toThrow('no room in memory for 7.0 MB');
    expect([source.opened, evictions]).toEqual([0, 0]);
    coming.push(first).end();
    expect((await underWay.done).kind).toBe('stored');
    expect(await store.usedBytes()).toBe(8_000_000);
  });

  test('a blob is refused when eviction frees too little, and the room is as before', async () => {
    for (const bytes of [first, second]) await put(bytes).done;
    await expect(put(third).done).rejects.toThrow('no room in memory');
    expect(evictions).toBeGreaterThan(0);
    expect(await store.usedBytes()).toBe(8_000_000);
    await store.delete(madeDigest(first));
    expect((await put(third).done).kind).toBe('stored');
  });

  test('a blob that is larger than the store is too large, without an eviction', async () => {
    await put(first).done;
    const wanted = { digest: madeDigest('large'), size: storeBytes + 1 };
    await expect(store.put(wanted, new FedSource()).done).rejects.toThrow(BlobTooLarge);
    expect(evictions).toBe(0);
  });

  test('a blob of unknown size is too large once it has outgrown the room', async () => {
    const growing = store.put({ digest: madeDigest('x'), size: undefined }, tooLargeSource());
    await expect(growing.done).rejects.toThrow('does not fit into memory');
    expect(await store.usedBytes()).toBe(0);
    expect((await put(first, undefined).done).kind).toBe('stored');
    expect(await store.usedBytes()).toBe(4_000_000);
  });

  test('it is reported at most once a minute, and says what to do', async () => {
    for (const bytes of [first, second]) await put(bytes).done;
    for (const pass of [0, 59_999, 1]) {
      now += pass;
      await expect(put(third).done).rejects.toThrow('no room');
    }
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain('raise limits.storeBytes');
  });

  test('it can be changed', async () => {
    for (const bytes of [first, second]) await put(bytes).done;
    store.resize(12_000_000);
    expect((await put(third).done).kind).toBe('stored');
    expect(evictions).toBe(0);
  });
});

describe('the bytes of a deleted blob', () => {
  test('count until their last reader has ended', async () => {
    await put(first).done;
    const digest = madeDigest(first);
    const bodies = [await store.locate(digest), await store.locate(digest)].map((location) => {
      if (location?.kind !== 'stream') throw new Error('the blob is there');
      return location.body;
    });
    await store.delete(digest);
    expect(await store.stat(digest)).toBeUndefined();
    expect(await store.usedBytes()).toBe(4_000_000);
    const [one, other] = bodies;
    expect(await bytesOf(one ?? new Uint8Array())).toEqualBytes(first);
    expect(await store.usedBytes()).toBe(4_000_000);
    if (other instanceof ReadableStream) await other.cancel();
    expect(await store.usedBytes()).toBe(0);
  });

  test('are followed no more after a put whose blob was deleted', async () => {
    const ended = put(first);
    await ended.done;
    await store.delete(madeDigest(first));
    await expect(bytesOf(ended.follow?.() ?? new Uint8Array())).rejects.toThrow('not in memory');
    expect(await store.usedBytes()).toBe(0);
  });

  test('of two puts of a blob at once are kept once', async () => {
    const puts = [put(first), put(first)];
    for (const { done } of puts) expect((await done).kind).toBe('stored');
    expect(await store.usedBytes()).toBe(4_000_000);
    for (const one of puts) {
      expect(await bytesOf(one.follow?.() ?? new Uint8Array())).toEqualBytes(first);
    }
  });
});

test('closing aborts what comes in', async () => {
  const coming = store.put({ digest: madeDigest(first), size: first.byteLength }, new FedSource());
  await store.close();
  await expect(coming.done).rejects.toThrow('the blob store is closing');
  expect(await store.usedBytes()).toBe(0);
});
