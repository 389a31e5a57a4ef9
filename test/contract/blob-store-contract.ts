import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ByteRange } from '../../functions/core/headers/range.ts';
import type { Digest } from '../../functions/core/oci/digest.ts';
import type { BlobStore, StoredBlob } from '../../functions/core/ports/blob-store.ts';
import { describeFollowContract } from './blob-follow-contract.ts';
import { bytesOf, FedSource, nextBytes, sourceOf, tooLargeSource } from './fed-source.ts';
import { madeDigest } from './made-content.ts';
import type { OpenedPort } from './opened-port.ts';

/** What an implementation can do beyond the rest. */
export interface BlobStoreAbilities {
  /** Its puts have `follow`. */
  readonly follow: boolean;
}

async function listed(store: BlobStore, after?: Digest): Promise<StoredBlob[]> {
  const blobs: StoredBlob[] = [];
  for await (const blob of store.list(after)) blobs.push(blob);
  return blobs;
}

/** Executes the contract of BlobStore on an implementation. */
export function describeBlobStoreContract(
  name: string,
  open: () => Promise<OpenedPort<BlobStore>>,
  abilities: BlobStoreAbilities,
): void {
  describe(`BlobStore: ${name}`, () => {
    let opened: OpenedPort<BlobStore>;
    let store: BlobStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    const content = new Uint8Array(randomBytes(300_000));
    const digest = madeDigest(content);
    const size = content.byteLength;

    function put(bytes = content) {
      const wanted = { digest: madeDigest(bytes), size: bytes.byteLength };
      return store.put(wanted, sourceOf(bytes)).done;
    }

    /** What a client gets; a redirect is followed. */
    async function download(range?: ByteRange, what = digest): Promise<Uint8Array | undefined> {
      const location = await store.locate(what, range);
      if (location?.kind === 'stream') return bytesOf(location.body);
      if (location === undefined) return undefined;
      const header = range && { range: `bytes=${range.start}-${range.end}` };
      const response = await fetch(location.url, { headers: header ?? {} });
      return new Uint8Array(await response.arrayBuffer());
    }

    async function expectNothing(what = digest): Promise<void> {
      expect(await store.stat(what)).toBeUndefined();
      expect(await store.locate(what)).toBeUndefined();
      expect(await listed(store)).toEqual([]);
      expect(await store.usedBytes()).toBe(0);
    }

    describe('what is stored', () => {
      test('a blob is there, whole, from the moment its put resolved', async () => {
        await expectNothing();
        expect(await put()).toEqual({ kind: 'stored', size });
        expect(await store.stat(digest)).toMatchObject({ digest, size });
        expect((await store.stat(digest))?.stored).toBeGreaterThan(1_600_000_000_000);
        expect(Buffer.compare((await download()) ?? new Uint8Array(), content)).toBe(0);
        expect(await listed(store)).toEqual([await store.stat(digest)]);
        expect(await store.usedBytes()).toBe(size);
      });

      test.each([
        ['nothing', 0],
        ['one byte', 1],
        ['twenty megabytes', 20_000_001],
      ])('a blob of %s', async (_, length) => {
        const bytes = new Uint8Array(randomBytes(length));
        expect(await put(bytes)).toEqual({ kind: 'stored', size: length });
        const got = await download(undefined, madeDigest(bytes));
        expect(madeDigest(got ?? 'nothing came')).toBe(madeDigest(bytes));
        expect(await store.usedBytes()).toBe(length);
      });

      test('a blob by its SHA-512', async () => {
        const wanted = { digest: madeDigest(content, 'sha512'), size };
        expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
        expect(await store.stat(digest)).toBeUndefined();
        expect(await download(undefined, wanted.digest)).toHaveLength(size);
      });

      test('a blob whose size nobody stated', async () => {
        const outcome = await store.put({ digest, size: undefined }, sourceOf(content)).done;
        expect(outcome).toEqual({ kind: 'stored', size });
        expect(await store.stat(digest)).toMatchObject({ size });
      });

      test.each([
        ['the first byte', 0, 0],
        ['the last byte', size - 1, size - 1],
        ['the middle', 70_000, 200_000],
        ['everything', 0, size - 1],
      ])('a range: %s', async (_, start, end) => {
        await put();
        const part = (await download({ start, end })) ?? new Uint8Array();
        expect(Buffer.compare(part, content.subarray(start, end + 1))).toBe(0);
      });

      test('a small blob, twice, and a range of it', async () => {
        const small = content.slice(0, 1000);
        await put(small);
        for (let round = 0; round < 2; round++) {
          expect(await download(undefined, madeDigest(small))).toEqual(small);
        }
        const part = await download({ start: 10, end: 19 }, madeDigest(small));
        expect(part).toEqual(small.subarray(10, 20));
      });

      test('a stream that is located says how large the whole blob is', async () => {
        await put();
        const location = await store.locate(digest, { start: 5, end: 9 });
        if (location?.kind !== 'stream') return;
        expect(location.size).toBe(size);
        if (location.body instanceof ReadableStream) await location.body.cancel();
      });

      test('another instance finds it', async () => {
        await put();
        const before = await store.stat(digest);
        store = await opened.reopen();
        expect(await store.stat(digest)).toEqual(before);
        expect(await store.usedBytes()).toBe(size);
        expect(await download()).toHaveLength(size);
      });

      test('a blob that is stored already is success without reading the source', async () => {
        await put();
        const source = new FedSource();
        const again = store.put({ digest, size }, source);
        expect(await again.done).toEqual({ kind: 'stored', size });
        expect(source.opened).toBe(0);
        expect(await store.usedBytes()).toBe(size);
      });

      test('a blob put twice at once is stored once', async () => {
        const outcomes = await Promise.all([put(), put(), put()]);
        expect(outcomes.map((outcome) => outcome.kind)).toEqual(['stored', 'stored', 'stored']);
        expect(await store.usedBytes()).toBe(size);
        expect(await listed(store)).toHaveLength(1);
        expect(await download()).toHaveLength(size);
      });

      test('a put that fails leaves alone another put of the same blob', async () => {
        const broken = new FedSource();
        const failing = store.put({ digest, size }, broken).done;
        const right = new FedSource();
        const storing = store.put({ digest, size }, right).done;
        broken.push(content.subarray(0, 1000)).fail(new Error('broken'));
        await expect(failing).rejects.toThrow('broken');
        right.push(content).end();
        expect((await storing).kind).toBe('stored');
        expect(await download()).toHaveLength(size);
      });
    });

    describe('what is not stored', () => {
      test('other bytes of the same size', async () => {
        const wrong = content.slice();
        wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
        const outcome = await store.put({ digest, size }, sourceOf(wrong)).done;
        const reason = `expected ${digest}, got ${madeDigest(wrong)}`;
        expect(outcome).toEqual({ kind: 'mismatch', reason });
        await expectNothing();
      });

      test('large other bytes', async () => {
        const large = new Uint8Array(randomBytes(12_000_000));
        const wanted = { digest: madeDigest(large), size: large.byteLength };
        large[6_000_000] = (large[6_000_000] ?? 0) ^ 1;
        expect((await store.put(wanted, sourceOf(large)).done).kind).toBe('mismatch');
        await expectNothing(wanted.digest);
      });

      test('fewer bytes than wanted', async () => {
        const outcome = await store.put({ digest, size: size + 1 }, sourceOf(content)).done;
        const reason = `expected ${size + 1} bytes, got ${size}`;
        expect(outcome).toEqual({ kind: 'mismatch', reason });
        await expectNothing();
      });

      test('more bytes than wanted: the source is cancelled at once', async () => {
        const source = new FedSource();
        const outcome = store.put({ digest, size: size - 1 }, source).done;
        source.push(content);
        const reason = `expected ${size - 1} bytes, got more`;
        expect(await outcome).toEqual({ kind: 'mismatch', reason });
        await source.cancelled;
        await expectNothing();
      });

      test('bytes of a source that gave up: the put rejects with its error', async () => {
        const source = new FedSource();
        const outcome = store.put({ digest, size }, source).done;
        const error = new Error('the upstream is gone');
        source.push(content.subarray(0, 100_000)).fail(error);
        await expect(outcome).rejects.toBe(error);
        await expectNothing();
      });

      test('twenty megabytes of unknown size of a source that gave up', async () => {
        const outcome = store.put({ digest, size: undefined }, tooLargeSource()).done;
        await expect(outcome).rejects.toThrow('grew beyond');
        await expectNothing();
      });

      test('an aborted put: it rejects and its source is cancelled', async () => {
        const source = new FedSource();
        const abort = new AbortController();
        const outcome = store.put({ digest, size }, source, { signal: abort.signal }).done;
        source.push(content.subarray(0, 100_000));
        await source.begun;
        abort.abort(new Error('stopped'));
        await expect(outcome).rejects.toThrow('stopped');
        await source.cancelled;
        await expectNothing();
      });

      test('a put that was aborted before it began', async () => {
        const outcome = store.put({ digest, size }, sourceOf(content), {
          signal: AbortSignal.abort(new Error('stopped')),
        }).done;
        await expect(outcome).rejects.toThrow('stopped');
        await expectNothing();
      });

      test('a put after one that failed', async () => {
        const wrong = new Uint8Array(size);
        expect((await store.put({ digest, size }, sourceOf(wrong)).done).kind).toBe('mismatch');
        expect((await put()).kind).toBe('stored');
        expect(await download()).toHaveLength(size);
      });
    });

    describe('deletion', () => {
      test('a deleted blob is gone and can be put again', async () => {
        await put();
        await store.delete(digest);
        await expectNothing();
        store = await opened.reopen();
        await expectNothing();
        expect((await put()).kind).toBe('stored');
        expect(await download()).toHaveLength(size);
      });

      test('deleting what is not there has no effect', async () => {
        await put();
        await store.delete(madeDigest('something else'));
        await store.delete(digest);
        await store.delete(digest);
        await expectNothing();
      });

      test('a reader under way may finish', async () => {
        const large = new Uint8Array(randomBytes(3_000_000));
        await put(large);
        const location = await store.locate(madeDigest(large));
        if (location?.kind !== 'stream' || location.body instanceof Uint8Array) return;
        const reader = location.body.getReader();
        const first = await nextBytes(reader, 1);
        await store.delete(madeDigest(large));
        const rest = await nextBytes(reader, large.byteLength);
        expect(madeDigest(Buffer.concat([first, rest]))).toBe(madeDigest(large));
      });

      test('deleting and putting at the same moment leaves the blob whole or gone', async () => {
        for (let round = 0; round < 10; round++) {
          await put();
          await Promise.all([store.delete(digest), put(), store.delete(digest)]);
          const blob = await store.stat(digest);
          expect((await download())?.byteLength).toBe(blob?.size);
        }
      });
    });

    test('a located stream that is cancelled harms nothing', async () => {
      await put();
      for (let round = 0; round < 3; round++) {
        const location = await store.locate(digest);
        const body = location?.kind === 'stream' ? location.body : undefined;
        if (body instanceof ReadableStream) await body.cancel();
      }
      expect(await download()).toHaveLength(size);
    });

    test('a right blob that is read again stays, and one that is not there is not right', async () => {
      if (store.recheck === undefined) return;
      await put();
      store = await opened.reopen();
      expect(await store.recheck?.(digest)).toBe(true);
      expect(await store.recheck?.(madeDigest('something else'))).toBe(false);
      expect(await download()).toHaveLength(size);
    });

    test('all stored blobs are listed and add up', async () => {
      const blobs = ['a', 'bb', 'ccc'].map((text) => new TextEncoder().encode(text));
      for (const bytes of blobs) await put(bytes);
      const digests = (await listed(store)).map((blob) => blob.digest);
      expect(new Set(digests)).toEqual(new Set(blobs.map((bytes) => madeDigest(bytes))));
      expect(await store.usedBytes()).toBe(6);
      await store.delete(madeDigest('bb'));
      expect(await store.usedBytes()).toBe(4);
    });

    test('a listing can begin behind any digest, and is then in their order', async () => {
      const contents = Array.from({ length: 8 }, (_, at) => new TextEncoder().encode(`blob ${at}`));
      for (const bytes of contents) await put(bytes);
      const [first = content] = contents;
      const long = madeDigest(first, 'sha512');
      await store.put({ digest: long, size: first.byteLength }, sourceOf(first)).done;
      const digests = [...contents.map((bytes) => madeDigest(bytes)), long].sort();
      const listedBehind = async (after: Digest) =>
        (await listed(store, after)).map((blob) => blob.digest);
      for (const [at, digest] of digests.entries()) {
        expect(await listedBehind(digest)).toEqual(digests.slice(at + 1));
      }
      const behind = madeDigest('never stored');
      expect(await listedBehind(behind)).toEqual(digests.filter((digest) => digest > behind));
      expect(await store.usedBytes()).toBe(9 * first.byteLength);
    });

    if (abilities.follow) {
      describe('a put that can be followed', () => describeFollowContract(() => store));
    } else {
      test('a put that cannot be followed says so', async () => {
        const unfollowed = store.put({ digest, size }, sourceOf(content));
        expect(unfollowed.follow).toBeUndefined();
        await unfollowed.done;
      });
    }
  });
}
