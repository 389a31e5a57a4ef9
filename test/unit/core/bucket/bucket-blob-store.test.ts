import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { blobKey } from '../../../../functions/core/bucket/blob-key.ts';
import { BlobReader } from '../../../../functions/core/bucket/blob-reader.ts';
import type { BucketObject } from '../../../../functions/core/bucket/bucket.ts';
import {
  BucketBlobStore,
  type BucketBlobStoreOptions,
} from '../../../../functions/core/bucket/bucket-blob-store.ts';
import { MetadataCache } from '../../../../functions/core/bucket/metadata-cache.ts';
import { writeProgress } from '../../../../functions/core/bucket/progress.ts';
import type { PutRequest } from '../../../../functions/core/bucket/put-request.ts';
import type { PutOutcome } from '../../../../functions/core/ports/blob-store.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';
import { FedSource } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { IndexInMemory } from './index-in-memory.ts';

const bytes = new TextEncoder().encode('a blob');
const digest = madeDigest(bytes);
const key = blobKey(digest);
const size = bytes.byteLength;
const life = 60_000;

let now: number;
let index: IndexInMemory;
let objects: Map<string, Uint8Array<ArrayBuffer>>;
let calls: string[];
/** What a put into the bucket does. */
let putting: (request: PutRequest) => Promise<PutOutcome>;

beforeEach(() => {
  now = 1_000_000_000;
  index = new IndexInMemory();
  objects = new Map();
  calls = [];
  putting = async () => {
    objects.set(key, bytes);
    return { kind: 'stored', size };
  };
});
afterEach(() => {
  vi.useRealTimers();
});

function opened(
  delivery: BucketBlobStoreOptions['delivery'] = {
    sign: () => {
      calls.push('sign');
      return { url: `https://bucket.test/${calls.length}`, expires: now + 1000 };
    },
  },
): BucketBlobStore {
  const objectOf = (key: string): BucketObject | undefined => {
    const found = objects.get(key);
    return found && { key, size: found.byteLength, modified: 7 };
  };
  return new BucketBlobStore({
    bucket: {
      async head(key) {
        calls.push('head');
        return objectOf(key);
      },
      async delete(key) {
        calls.push('delete');
        objects.delete(key);
      },
      async *list() {
        yield [];
        yield [...objects.keys(), 'blobs/other'].map(
          (key) => objectOf(key) ?? { key, size: 1, modified: 1 },
        );
      },
      async abortUpload({ id }) {
        calls.push(`abort ${id}`);
        throw new Error('the bucket fails');
      },
    },
    index,
    cache: new MetadataCache({ most: 10, life, now: () => now }),
    delivery,
    readLife: life,
    putBlob: (request) => putting(request),
    now: () => now,
  });
}

function streaming(): BucketBlobStore {
  const read = async (key: string) => {
    calls.push('read');
    const found = objects.get(key);
    const body = found && new Response(found).body;
    return found && body ? { size: found.byteLength, body } : undefined;
  };
  return opened({ reader: new BlobReader(read, () => now) });
}

const put = (store: BucketBlobStore, options = {}) =>
  store.put({ digest, size }, new FedSource(), options).done;

describe('a put', () => {
  test('adds the blob to the index', async () => {
    const store = opened();
    expect(await put(store)).toEqual({ kind: 'stored', size });
    expect(await store.stat(digest)).toEqual({ digest, size, stored: now });
    expect(await store.usedBytes()).toBe(size);
    // A short one is not followed by another look at the object.
    expect(calls).toEqual(['head']);
  });

  test('that pauses adds nothing', async () => {
    putting = async () => ({ kind: 'paused', progress: 'text' });
    const store = opened();
    expect(await put(store)).toEqual({ kind: 'paused', progress: 'text' });
    expect(await store.stat(digest)).toBeUndefined();
  });

  test('that is aborted before it begins asks nothing', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(put(opened(), { signal })).rejects.toThrow('stopped');
    expect([calls, index.calls]).toEqual([[], []]);
  });

  test('of a stored blob ends the upload that paused, even if the bucket does not', async () => {
    const store = opened();
    await put(store);
    const upload = { id: 'one', parts: 1, hash: 'hash', etags: undefined };
    putting = () => Promise.reject(new Error('it is stored'));
    const outcome = await put(store, { progress: writeProgress({ stalls: 0, upload }) });
    expect(outcome).toEqual({ kind: 'stored', size });
    expect(calls).toEqual(['head', 'abort one']);
  });

  test('of a condemned blob restores it', async () => {
    const store = opened();
    await put(store);
    await store.condemnation.condemn(digest);
    expect(await store.stat(digest)).toBeUndefined();
    putting = () => Promise.reject(new Error('it is stored'));
    expect(await put(store)).toEqual({ kind: 'stored', size });
    expect(await store.stat(digest)).toMatchObject({ size });
  });

  describe('of a blob that is being deleted', () => {
    beforeEach(() => {
      vi.useFakeTimers();
      index.rows.set(digest, { digest, size, stored: 1, condemned: 1, isDeleting: true });
    });

    test('waits until it is', async () => {
      const stored = put(opened());
      await vi.advanceTimersByTimeAsync(4900);
      expect(objects.size).toBe(0);
      index.rows.delete(digest);
      await vi.advanceTimersByTimeAsync(250);
      expect(await stored).toEqual({ kind: 'stored', size });
      expect(objects.size).toBe(1);
    });

    test('gives up after five seconds', async () => {
      const refused = expect(put(opened())).rejects.toThrow(StoreBusy);
      await vi.advanceTimersByTimeAsync(5000);
      await refused;
      expect(objects.size).toBe(0);
    });

    test('may be aborted', async () => {
      const controller = new AbortController();
      const refused = expect(put(opened(), { signal: controller.signal })).rejects.toThrow('stop');
      controller.abort(new Error('stopped'));
      await vi.advanceTimersByTimeAsync(250);
      await refused;
    });
  });

  describe('that takes as long as a deletion', () => {
    const taking = (ms: number, leavesObject: boolean) => async (): Promise<PutOutcome> => {
      now += ms;
      if (leavesObject) objects.set(key, bytes);
      return { kind: 'stored', size };
    };

    test('looks at the object again', async () => {
      const store = opened();
      putting = taking(store.condemnation.wait, true);
      expect(await put(store)).toEqual({ kind: 'stored', size });
      expect(calls).toEqual(['head', 'head']);
      expect(await store.stat(digest)).toMatchObject({ size });
    });

    test('and whose object was deleted fails, and leaves no entry', async () => {
      const store = opened();
      putting = taking(store.condemnation.wait, false);
      await expect(put(store)).rejects.toThrow(/was deleted while it was put/);
      await expect(put(store)).rejects.toThrow(StoreBusy);
      expect(index.rows.size).toBe(0);
      expect(await store.locate(digest)).toBeUndefined();
    });

    test('less than that does not look', async () => {
      const store = opened();
      putting = taking(store.condemnation.wait - 1, true);
      await put(store);
      expect(calls).toEqual(['head']);
    });
  });
});

describe('a URL', () => {
  test('is for stored blobs, and asks the index once for requests at once', async () => {
    const store = opened();
    const atOnce = () => Promise.all([store.locate(digest), store.locate(digest)]);
    expect(await atOnce()).toEqual([undefined, undefined]);
    expect(index.calls).toEqual(['get']);
    await put(store);
    const first = await store.locate(digest);
    expect(first).toMatchObject({ kind: 'redirect' });
    index.failure = new Error('the index fails');
    expect(await store.locate(digest)).toEqual(first);
    now += life;
    await expect(store.locate(digest)).rejects.toThrow('the index fails');
  });

  test('of a blob that was condemned lately is not remembered', async () => {
    const store = opened();
    await put(store);
    await store.condemnation.condemn(digest);
    const asked = index.calls.length;
    expect(await store.locate(digest)).toMatchObject({ kind: 'redirect' });
    expect(await store.locate(digest)).toMatchObject({ kind: 'redirect' });
    expect(index.calls.slice(asked)).toEqual(['get', 'get']);
    now += 2 * life;
    expect(await store.locate(digest)).toBeUndefined();
  });
});

describe('a stream', () => {
  const range = { start: 1, end: 2 };

  test('is for stored blobs, from memory where they are small', async () => {
    const store = streaming();
    expect(await store.locate(digest)).toBeUndefined();
    expect(calls).toEqual([]);
    await put(store);
    expect(await store.locate(digest)).toEqual({ kind: 'stream', size, body: bytes });
    const part = await store.locate(digest, range);
    expect(part).toEqual({ kind: 'stream', size, body: bytes.subarray(1, 3) });
    expect(calls).toEqual(['head', 'read']);
  });

  test('also while the index fails', async () => {
    const store = streaming();
    await put(store);
    now += life;
    index.failure = new Error('the index fails');
    expect(await store.locate(digest)).toMatchObject({ size });
  });

  test('of an object that something else deleted: the index no longer has it', async () => {
    const store = streaming();
    await put(store);
    objects.clear();
    expect(await store.locate(digest)).toBeUndefined();
    expect(index.rows.size).toBe(0);
    expect(await store.stat(digest)).toBeUndefined();
  });

  test('of a deleted blob is not kept in memory', async () => {
    const store = streaming();
    await put(store);
    await store.locate(digest);
    await store.delete(digest);
    expect([objects.size, index.rows.size]).toEqual([0, 0]);
    expect(await store.locate(digest)).toBeUndefined();
    store.noteStored([{ digest, size }]);
    expect(await store.locate(digest)).toBeUndefined();
  });
});

test('a list has the blobs among the objects', async () => {
  objects.set(key, bytes);
  const listed = [];
  for await (const blob of opened().list()) listed.push(blob);
  expect(listed).toEqual([{ digest, size, stored: 7 }]);
  // The listed span, and what the index has after it.
  expect(index.calls).toEqual(['reconcile', 'reconcile']);
});
