import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobKey } from '../../../../functions/core/bucket/blob-key.ts';
import type { BlobSource, BlobStore } from '../../../../functions/core/ports/blob-store.ts';
import { FedSource, sourceOf, tooLargeSource } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { slicedSource } from '../../../standins/s3/made-source.ts';
import { type OpenedS3Store, openS3Store } from '../../../standins/s3/open-s3-store.ts';
import type { S3Server } from '../../../standins/s3/s3-server.ts';

const small = new Uint8Array(randomBytes(1000));
/** Goes by one request as it comes. */
const middle = new Uint8Array(randomBytes(9_000_000));
/** Is read in slices where that may be. */
const large = new Uint8Array(randomBytes(40_000_001));
const smallDigest = madeDigest(small);
const middleDigest = madeDigest(middle);
const largeDigest = madeDigest(large);

/** Waits for something that nobody announces. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
    await new Promise((wake) => setImmediate(wake));
  }
}

describe.skipIf(process.env.TEST_S3 !== undefined)('blobs in S3', () => {
  let now: number;
  let opened: OpenedS3Store;
  let server: S3Server;
  let store: BlobStore;

  beforeEach(async () => {
    now = Date.now();
    opened = await openS3Store(() => now);
    if (opened.s3.server === undefined) throw new Error('these tests need their own server');
    server = opened.s3.server;
    store = opened.store;
  });
  afterEach(() => opened.close());

  function put(bytes: Uint8Array, source = sourceOf(bytes), digest = madeDigest(bytes)) {
    return store.put({ digest, size: bytes.byteLength }, source).done;
  }

  /** As a put after one that had to pause, which goes in parts. */
  function putInParts(bytes: Uint8Array, source: BlobSource, digest = madeDigest(bytes)) {
    const progress = '{"version":1,"barren":0}';
    return store.put({ digest, size: bytes.byteLength }, source, { progress }).done;
  }

  async function urlOf(digest: typeof smallDigest): Promise<string> {
    const location = await store.locate(digest);
    if (location?.kind === 'redirect') return location.url;
    throw new Error('a stored blob is somewhere');
  }

  async function expectWhole(bytes: Uint8Array): Promise<void> {
    const response = await fetch(await urlOf(madeDigest(bytes)));
    expect(madeDigest(new Uint8Array(await response.arrayBuffer()))).toBe(madeDigest(bytes));
    expect(server.bucket.uploads.size).toBe(0);
  }

  async function expectNothing(digest: typeof smallDigest): Promise<void> {
    expect(await store.stat(digest)).toBeUndefined();
    expect(server.bucket.objects.size).toBe(0);
    expect(server.bucket.uploads.size).toBe(0);
  }

  function operations(): (string | undefined)[] {
    return server.requests.map(({ operation }) => operation);
  }

  describe('a URL', () => {
    test('is signed once for half of its life, and asks nobody', async () => {
      await put(small);
      const asked = server.requests.length;
      const first = await urlOf(smallDigest);
      now += 9 * 60_000;
      expect(await urlOf(smallDigest)).toBe(first);
      expect(server.requests).toHaveLength(asked);
      now += 2 * 60_000;
      const second = await urlOf(smallDigest);
      expect(second).not.toBe(first);
      expect(await urlOf(smallDigest)).toBe(second);
      expect(server.requests).toHaveLength(asked);
    });

    test('of a blob that the manifest index says is stored asks nobody', async () => {
      await put(small);
      const other = await opened.reopen();
      other.noteStored([{ digest: smallDigest, size: small.byteLength }]);
      await opened.dynamoDb.proxy.close();
      const location = await other.locate(smallDigest);
      expect(location?.kind).toBe('redirect');
    });

    test('of a blob that many clients request at once costs one read of the index', async () => {
      const locate = () => opened.proxied.locate(smallDigest);
      const atOnce = () => Promise.all(Array.from({ length: 50 }, locate));
      const { proxy } = opened.dynamoDb;
      expect(await proxy.during(atOnce)).toEqual(['GetItem']);
      await put(small);
      expect(await proxy.during(atOnce)).toEqual(['GetItem']);
      expect((await locate())?.kind).toBe('redirect');
    });

    test('gives a range, and no more than GET', async () => {
      await put(small);
      const url = await urlOf(smallDigest);
      const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
      expect(part.status).toBe(206);
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(small.subarray(10, 20));
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
      expect((await fetch(url.replace('X-Amz-Expires=1200', 'X-Amz-Expires=9999'))).status).toBe(
        403,
      );
    });
  });

  describe('one request', () => {
    test('whose bytes are wrong is refused by S3 itself', async () => {
      const flipped = middle.slice();
      flipped[8_000_000] = (flipped[8_000_000] ?? 0) ^ 1;
      expect((await put(flipped, sourceOf(flipped), middleDigest)).kind).toBe('mismatch');
      expect(server.requests.at(-1)).toMatchObject({ operation: 'PutObject', status: 400 });
      await expectNothing(middleDigest);
    });

    test.each([
      ['a small blob', small, 1],
      ['a stream', middle, 1],
      ['slices', large, 4],
    ])('is made again after a conflict: %s', async (_, bytes, slices) => {
      server.fail({
        on: 'PutObject',
        times: 2,
        do: { kind: 'status', code: 'ConditionalRequestConflict' },
      });
      const source = sourceOf(bytes, slices);
      expect(await put(bytes, source)).toEqual({ kind: 'stored', size: bytes.byteLength });
      expect(operations().filter((name) => name === 'PutObject')).toHaveLength(3);
      await expectWhole(bytes);
    });

    test('that comes second is success', async () => {
      server.fail({ on: 'PutObject', do: { kind: 'status', code: 'PreconditionFailed' } });
      expect(await put(middle)).toEqual({ kind: 'stored', size: middle.byteLength });
    });

    test('of a small blob is repeated by itself when S3 fails', async () => {
      server.fail({ on: 'PutObject', do: { kind: 'status', code: 'InternalError' } });
      expect((await put(small)).kind).toBe('stored');
      await expectWhole(small);
    });

    test('that S3 refuses rejects with its code and nothing else', async () => {
      server.fail({ on: 'PutObject', do: { kind: 'status', code: 'AccessDenied' } });
      await expect(put(middle)).rejects.toThrow(/^S3 PutObject: AccessDenied \(403\)$/);
      await expectNothing(middleDigest);
    });

    test.each([
      ['is refused for a while', { kind: 'status', code: 'InternalError' }],
      ['is broken off', { kind: 'drop', after: 20_000_000 }],
    ] as const)('that %s becomes an upload in parts', async (_, fault) => {
      server.fail({ on: 'PutObject', do: fault });
      expect(await put(large, slicedSource(large))).toEqual({
        kind: 'stored',
        size: large.byteLength,
      });
      expect(operations().filter((name) => name === 'PutObject')).toHaveLength(1);
      await expectWhole(large);
    });

    test('whose answer is lost is not made again', async () => {
      server.fail({ on: 'PutObject', do: { kind: 'drop-answer' } });
      expect((await put(large, slicedSource(large))).kind).toBe('stored');
      expect(operations().slice(-2)).toEqual(['PutObject', 'HeadObject']);
      await expectWhole(large);
    });

    test('of slices that come in another order has them in theirs', async () => {
      let isLate = false;
      const source = slicedSource(large, async (start) => {
        if (start === 0) await until(() => isLate);
        else if (start > 20_000_000) isLate = true;
      });
      expect(await put(large, source)).toEqual({ kind: 'stored', size: large.byteLength });
      expect(source.starts).toHaveLength(5);
      expect(operations()).not.toContain('UploadPart');
      await expectWhole(large);
    });

    test('whose slices are wrong is refused by S3 itself', async () => {
      const flipped = large.slice();
      flipped[20_000_000] = (flipped[20_000_000] ?? 0) ^ 1;
      const outcome = await put(flipped, slicedSource(flipped), largeDigest);
      expect(outcome.kind).toBe('mismatch');
      expect(server.requests.at(-1)).toMatchObject({ operation: 'PutObject', status: 400 });
      await expectNothing(largeDigest);
    });

    test.each([
      ['too few', 1],
      ['too many', -1],
    ])('of a source with %s bytes leaves nothing', async (_, more) => {
      const wanted = { digest: largeDigest, size: large.byteLength + more };
      expect((await store.put(wanted, sourceOf(large)).done).kind).toBe('mismatch');
      expect((await store.put(wanted, slicedSource(large)).done).kind).toBe('mismatch');
      await expectNothing(largeDigest);
    });

    test('that ends early gives all its memory back', async () => {
      const gone = new Error('the upstream is gone');
      const broken = slicedSource(large, async (start) => {
        if (start > 20_000_000) throw gone;
      });
      for (let times = 0; times < 4; times++) {
        await expect(put(large, broken)).rejects.toBe(gone);
        const abort = new AbortController();
        const stuck = slicedSource(large, async (start) => {
          if (start > 20_000_000) await new Promise(() => undefined);
        });
        const wanted = { digest: largeDigest, size: large.byteLength };
        const { done } = store.put(wanted, stuck, { signal: abort.signal });
        await until(() => (server.requests.at(-1)?.bytesReceived ?? 0) > 10_000_000);
        abort.abort(new Error('stopped'));
        await expect(done).rejects.toThrow('stopped');
      }
      await expectNothing(largeDigest);
      expect((await put(large, slicedSource(large))).kind).toBe('stored');
      await expectWhole(large);
    });

    test('that has to pause is followed by one in parts', async () => {
      const stuck = slicedSource(large, async (start) => {
        if (start > 20_000_000) await new Promise(() => undefined);
      });
      const wanted = { digest: largeDigest, size: large.byteLength };
      const paused = await store.put(wanted, stuck, { pauseAt: now + 3000 }).done;
      if (paused.kind !== 'paused') throw new Error('it was to be paused');
      await expectNothing(largeDigest);
      const { progress } = paused;
      const pauseAt = now + 600_000;
      const ended = await store.put(wanted, slicedSource(large), { progress, pauseAt }).done;
      expect(ended).toEqual({ kind: 'stored', size: large.byteLength });
      expect(operations().filter((name) => name === 'UploadPart')).toHaveLength(5);
      await expectWhole(large);
    });

    test('is not begun where the time may not be enough for it', async () => {
      const wanted = { digest: largeDigest, size: large.byteLength };
      const pauseAt = now + 2000;
      await store.put(wanted, slicedSource(large), { pauseAt }).done;
      expect(operations()).not.toContain('PutObject');
    });

    test('to a service that verifies no checksums fails', async () => {
      server.fail({ on: 'PutObject', do: { kind: 'answer', status: 200, body: '' } });
      await expect(put(small)).rejects.toThrow('ChecksumNotVerified');
      expect(operations().at(-1)).toBe('DeleteObject');
    });
  });

  describe('parts', () => {
    test('that come in another order are put together in theirs', async () => {
      const sent = () => operations().filter((name) => name === 'UploadPart').length;
      const source = slicedSource(large, async (start) => {
        if (start === 0) await until(() => sent() >= 3);
      });
      expect(await putInParts(large, source)).toEqual({ kind: 'stored', size: large.byteLength });
      expect(source.starts).toHaveLength(5);
      await expectWhole(large);
    });

    test('of wrong bytes are not put together', async () => {
      const flipped = large.slice();
      flipped[20_000_000] = (flipped[20_000_000] ?? 0) ^ 1;
      const outcome = await putInParts(flipped, slicedSource(flipped), largeDigest);
      expect(outcome.kind).toBe('mismatch');
      expect(operations()).not.toContain('CompleteMultipartUpload');
      await expectNothing(largeDigest);
    });

    test('that are too few leave nothing', async () => {
      const outcome = store.put(
        { digest: largeDigest, size: large.byteLength + 1 },
        slicedSource(large),
        { progress: '{"version":1,"barren":0}' },
      );
      expect((await outcome.done).kind).toBe('mismatch');
      await expectNothing(largeDigest);
    });

    test('one of which cannot be read leave nothing', async () => {
      const gone = new Error('the upstream is gone');
      const source = slicedSource(large, async (start) => {
        if (start > 20_000_000) throw gone;
      });
      await expect(putInParts(large, source)).rejects.toBe(gone);
      await expectNothing(largeDigest);
    });

    test('of unknown size that are too large leave no upload', async () => {
      const { done } = store.put({ digest: smallDigest, size: undefined }, tooLargeSource());
      await expect(done).rejects.toThrow('grew beyond');
      expect(server.bucket.uploads.size).toBe(0);
    });

    test('that are aborted leave nothing', async () => {
      const abort = new AbortController();
      const source = slicedSource(large, async (start) => {
        if (start > 20_000_000) await new Promise(() => undefined);
      });
      const wanted = { digest: largeDigest, size: large.byteLength };
      const { done } = store.put(wanted, source, {
        signal: abort.signal,
        progress: '{"version":1,"barren":0}',
      });
      await until(() => operations().includes('UploadPart'));
      abort.abort(new Error('stopped'));
      await expect(done).rejects.toThrow('stopped');
      await expectNothing(largeDigest);
    });

    test('are put together once, whatever becomes of the answer', async () => {
      server.fail({ on: 'CompleteMultipartUpload', do: { kind: 'drop-answer' } });
      expect((await putInParts(large, slicedSource(large))).kind).toBe('stored');
      await expectWhole(large);
    });

    test('that come second are success, and leave no upload', async () => {
      server.fail({
        on: 'CompleteMultipartUpload',
        do: { kind: 'status', code: 'PreconditionFailed' },
      });
      const stored = { kind: 'stored', size: large.byteLength };
      expect(await putInParts(large, slicedSource(large))).toEqual(stored);
      expect(server.bucket.uploads.size).toBe(0);
    });

    test('are put together after a conflict', async () => {
      server.fail({
        on: 'CompleteMultipartUpload',
        do: { kind: 'status', code: 'ConditionalRequestConflict' },
      });
      expect((await putInParts(large, slicedSource(large))).kind).toBe('stored');
      await expectWhole(large);
    });
  });

  describe('an object that the index does not know', () => {
    beforeEach(async () => {
      await put(small);
      await opened.dynamoDb.table.remove({ pk: `blob#${smallDigest}`, sk: 'blob' });
      store = await opened.reopen();
    });

    test('is found by a put, which reads nothing', async () => {
      expect(await store.locate(smallDigest)).toBeUndefined();
      const source = new FedSource();
      expect((await put(small, source)).kind).toBe('stored');
      expect(source.opened).toBe(0);
      await expectWhole(small);
    });

    test('is found by a list', async () => {
      const listed = [];
      for await (const blob of store.list()) listed.push(blob);
      expect(listed).toMatchObject([{ digest: smallDigest, size: small.byteLength }]);
      await expectWhole(small);
    });
  });

  describe('an upload that paused', () => {
    const wanted = { digest: largeDigest, size: large.byteLength };
    let progress: string;

    beforeEach(async () => {
      const source = new FedSource();
      source.push(large.subarray(0, 12_000_000));
      // The second put, because the first one has a hash that cannot be gone on from.
      const first = '{"version":1,"barren":1}';
      const pauseAt = now + 1500;
      const paused = await store.put(wanted, source, { progress: first, pauseAt }).done;
      if (paused.kind !== 'paused') throw new Error('it was to be paused');
      expect(server.bucket.uploads.size).toBe(1);
      progress = paused.progress;
    });

    test('and that S3 does not know any more begins at the start', async () => {
      server.bucket.uploads.clear();
      const ended = store.put(wanted, slicedSource(large), { progress, pauseAt: now + 60_000 });
      expect(await ended.done).toEqual({ kind: 'stored', size: large.byteLength });
      await expectWhole(large);
    });

    test('and that S3 forgets after it listed its parts begins at the start', async () => {
      server.fail({ on: 'UploadPart', do: { kind: 'status', code: 'NoSuchUpload' } });
      const source = slicedSource(large);
      const ended = store.put(wanted, source, { progress, pauseAt: now + 60_000 });
      expect(await ended.done).toEqual({ kind: 'stored', size: large.byteLength });
      expect(operations()).toContain('ListParts');
      expect(source.starts).toContain(0);
    });

    test('is ended when the blob has come another way meanwhile', async () => {
      expect((await put(large, slicedSource(large))).kind).toBe('stored');
      expect(server.bucket.uploads.size).toBe(1);
      const source = new FedSource();
      const ended = await store.put(wanted, source, { progress }).done;
      expect(ended).toEqual({ kind: 'stored', size: large.byteLength });
      expect(source.opened).toBe(0);
      await expectWhole(large);
    });
  });

  test('a source that is too slow for every process is given up', async () => {
    const wanted = { digest: largeDigest, size: large.byteLength };
    const slow = { progress: '{"version":1,"barren":3}', pauseAt: now + 100 };
    await expect(store.put(wanted, new FedSource(), slow).done).rejects.toThrow('too slow');
    await expectNothing(largeDigest);
  });

  test('keys are laid out as infra and people expect them', () => {
    expect(blobKey(smallDigest)).toMatch(/^blobs\/sha256\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/);
  });
});
