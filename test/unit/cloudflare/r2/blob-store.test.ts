import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BlobStore } from '../../../../functions/core/ports/blob-store.ts';
import { sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { digestOfMade, madeSource } from '../../../standins/workerd/made-source.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { blobs, told } = sharedWorkerd();

const mebibyte = 1024 * 1024;

function keyOf(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}

async function listed(store: BlobStore) {
  const found = [];
  for await (const { digest } of store.list()) found.push(digest);
  return found;
}

describe('a blob that takes several invocations', () => {
  test('time is up also while bytes come without a pause', async () => {
    const size = 500_000_000;
    // Nobody gets as far as to its digest.
    const wanted = { digest: madeDigest('never read to its end'), size };
    const { done } = blobs().put(wanted, madeSource(size), { pauseAt: Date.now() + 500 });
    expect((await done).kind).toBe('paused');
  });

  test('progress of an upload that R2 forgot begins at the start', async () => {
    const size = 20 * mebibyte;
    const digest = digestOfMade(size);
    const uploadId = await told().leaveUpload(keyOf(digest));
    // A state after no bytes at all: its version, eight words, a length of zero.
    const first = '6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19';
    const hash = `1:${first}${'0'.repeat(16)}`;
    const progress = JSON.stringify({ kind: 'upload', uploadId, etags: '', hash });
    const source = madeSource(size);
    const outcome = await blobs().put({ digest, size }, source, { progress }).done;
    expect(outcome).toEqual({ kind: 'stored', size });
    expect(source.starts).toEqual([0, 0]);
  });

  test('of unknown size: in parts through memory', async () => {
    const size = 20 * mebibyte + 5;
    const digest = digestOfMade(size);
    const outcome = await blobs().put({ digest, size: undefined }, madeSource(size)).done;
    expect(outcome).toEqual({ kind: 'stored', size });
    const exact = 16 * mebibyte;
    const other = digestOfMade(exact);
    const put = blobs().put({ digest: other, size: undefined }, madeSource(exact));
    expect(await put.done).toEqual({ kind: 'stored', size: exact });
  });
});

describe('what is stored', () => {
  const bytes = new Uint8Array(randomBytes(100_000));
  const digest = madeDigest(bytes);
  const wanted = { digest, size: bytes.byteLength };
  const hour = 3_600_000;

  test('R2 verified a small blob itself', async () => {
    await blobs().put(wanted, sourceOf(bytes)).done;
    const sha256 = digest.slice('sha256:'.length);
    expect(await told().objects()).toContainEqual({ key: keyOf(digest), sha256 });
  });

  test('D1 says once that a blob is stored; then reading it is one call, and none for a small one', async () => {
    await blobs().put(wanted, sourceOf(bytes)).done;
    const small = new Uint8Array(randomBytes(1000));
    const smallWanted = { digest: madeDigest(small), size: 1000 };
    await blobs().put(smallWanted, sourceOf(small)).done;
    const store = blobs();
    const calls = async (what: typeof digest) => {
      const before = await told().calls();
      const location = await store.locate(what);
      if (location?.kind === 'stream') await new Response(location.body).arrayBuffer();
      return (await told().calls()) - before;
    };
    expect([await calls(digest), await calls(digest)]).toEqual([2, 1]);
    expect([await calls(smallWanted.digest), await calls(smallWanted.digest)]).toEqual([2, 0]);
  });

  test('a listing adds what a crash kept out of the sum, and takes out what is gone', async () => {
    await blobs().put(wanted, sourceOf(bytes)).done;
    const age = Date.now() - 2 * hour;
    const phantom = madeDigest('never stored');
    const sql = 'INSERT INTO blobs (digest, size, stored) VALUES (?, ?, ?)';
    await told().run([
      { sql, values: [phantom, 5_000, age] },
      { sql, values: [madeDigest('on its way'), 70, Date.now()] },
      { sql: 'UPDATE used SET bytes = bytes + 5070' },
    ]);
    expect(await blobs().usedBytes()).toBe(105_070);
    expect(await listed(blobs())).toEqual([digest]);
    expect(await blobs().usedBytes()).toBe(100_070);
  });

  test('a put of what is in the bucket, and not in the sum, adds it', async () => {
    await blobs().put(wanted, sourceOf(bytes)).done;
    await told().run([{ sql: 'DELETE FROM blobs' }, { sql: 'UPDATE used SET bytes = 0' }]);
    expect(await blobs().usedBytes()).toBe(0);
    const source = madeSource(wanted.size);
    expect((await blobs().put(wanted, source).done).kind).toBe('stored');
    expect(source.starts).toEqual([]);
    expect(await blobs().usedBytes()).toBe(wanted.size);
  });

  test('more blobs than one listing gives', async () => {
    const digests = Array.from({ length: 1005 }, (_, at) => madeDigest(`blob ${at}`));
    for (let at = 0; at < digests.length; at += 50) {
      await Promise.all(digests.slice(at, at + 50).map((one) => told().putObject(keyOf(one), 'x')));
    }
    expect(new Set(await listed(blobs()))).toEqual(new Set(digests));
  });
});
