import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlobTooLarge } from '../../../../functions/core/ports/blob-store.ts';
import { FileBlobStore } from '../../../../functions/local/files/blob-store.ts';
import { bytesOf, FedSource, sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { known } from '../../core/mirror/scripted-upstream.ts';
import { runWithSmallFiles } from './small-files.ts';

let folder: string;
let store: FileBlobStore;
let now = Date.UTC(2026, 0, 1);
const problems: string[] = [];
const onProblem = (reason: string) => problems.push(reason);
const content = new Uint8Array(randomBytes(200_000));
const digest = madeDigest(content);
const wanted = { digest, size: content.byteLength };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-files-'));
  problems.length = 0;
  store = await FileBlobStore.open(folder, { now: () => now, onProblem });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function fileOf(hex: string): string {
  return join(folder, 'blobs', 'sha256', hex.slice(0, 2), hex);
}

function incoming(): Promise<string[]> {
  return readdir(join(folder, 'blobs', 'incoming'));
}

test('the time of storing is the clock, and stays when the store is opened again', async () => {
  now = Date.UTC(2026, 5, 7, 8, 9, 10, 111);
  await store.put(wanted, sourceOf(content)).done;
  expect((await store.stat(digest))?.stored).toBe(now);
  await store.close();
  store = await FileBlobStore.open(folder, { now: () => now + 1_000_000 });
  expect((await store.stat(digest))?.stored).toBe(now);
});

test('a small blob is read once, and then served from memory', async () => {
  const small = new TextEncoder().encode('config');
  const blob = { digest: madeDigest(small), size: small.byteLength };
  await store.put(blob, sourceOf(small)).done;
  const bodyOf = async (range?: { start: number; end: number }) => {
    const location = await store.locate(blob.digest, range);
    return location?.kind === 'stream' ? location.body : undefined;
  };
  const body = await bodyOf();
  expect(body).toBeInstanceOf(Uint8Array);
  expect(await bodyOf()).toBe(body);
  expect(await bodyOf({ start: 1, end: 2 })).toEqual(new Uint8Array(small.subarray(1, 3)));
});

test('nothing stays behind of a put that fails in any way', async () => {
  const wrong = new Uint8Array(content.byteLength);
  await store.put(wanted, sourceOf(wrong)).done;
  const source = new FedSource();
  const broken = store.put(wanted, source).done;
  source.push(content).fail(new Error('broken'));
  await expect(broken).rejects.toThrow('broken');
  const failing = {
    slices: async () => 1,
    open: () => {
      throw new Error('cannot open');
    },
  };
  await expect(store.put(wanted, failing).done).rejects.toThrow('cannot open');
  expect(await incoming()).toEqual([]);
});

test('closing ends the puts under way and leaves nothing of them', async () => {
  const source = new FedSource();
  const put = store.put(wanted, source);
  const following = put.follow?.();
  source.push(content.subarray(0, 1000));
  await source.begun;
  const failing = expect(put.done).rejects.toThrow('closing');
  await store.close();
  await failing;
  await source.cancelled;
  await expect(bytesOf(following ?? new ReadableStream())).rejects.toThrow('closing');
  expect(await incoming()).toEqual([]);
});

test('what an earlier process left unfinished is removed, foreign files are left alone', async () => {
  await store.put(wanted, sourceOf(content)).done;
  await store.close();
  await writeFile(join(folder, 'blobs', 'incoming', '17'), 'half a blob');
  await writeFile(join(folder, 'blobs', 'sha256', digest.slice(7, 9), 'README'), 'not a blob');
  await mkdir(join(folder, 'blobs', 'sha256', 'lost+found'));
  await writeFile(join(folder, 'blobs', 'sha256', 'lost+found', digest.slice(7)), 'misplaced');
  await mkdir(fileOf(madeDigest('a folder by the name of a blob').slice(7)), { recursive: true });
  store = await FileBlobStore.open(folder, { now: () => now });
  expect(await incoming()).toEqual([]);
  const found = [];
  for await (const blob of store.list()) found.push(blob.digest);
  expect(found).toEqual([digest]);
  // Counted once, although a file with its name is also in another folder.
  expect(await store.usedBytes()).toBe(content.byteLength);
});

test('a file that somebody removed is forgotten when it is asked for', async () => {
  await store.put(wanted, sourceOf(content)).done;
  await unlink(fileOf(digest.slice(7)));
  expect(await store.locate(digest)).toBeUndefined();
  expect(await store.stat(digest)).toBeUndefined();
  expect(await store.usedBytes()).toBe(0);
  expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
});

test('a follower of a stored blob whose file is gone is told which blob', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const again = store.put(wanted, sourceOf(content));
  await unlink(fileOf(digest.slice(7)));
  await expect(bytesOf(again.follow?.() ?? new ReadableStream())).rejects.toThrow(digest);
});

test('a file that somebody cut short is removed when it is asked for', async () => {
  await store.put(wanted, sourceOf(content)).done;
  await truncate(fileOf(digest.slice(7)), 1000);
  expect(await store.locate(digest)).toBeUndefined();
  expect(await store.usedBytes()).toBe(0);
  expect(problems).toEqual([`deleted the corrupt blob ${digest}`]);
  expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
  expect((await store.locate(digest))?.kind).toBe('stream');
});

test('a file cut short under its reader gives it an error, not a clean end', async () => {
  await store.put(wanted, sourceOf(content)).done;
  const location = await store.locate(digest);
  if (location?.kind !== 'stream') throw new Error('it is still there');
  await truncate(fileOf(digest.slice(7)), 1000);
  await expect(bytesOf(location.body)).rejects.toThrow('shorter');
});

describe('a blob is read again', () => {
  const damage = async (bytes: Uint8Array) => {
    await store.put(wanted, sourceOf(content)).done;
    await store.close();
    await writeFile(fileOf(digest.slice(7)), bytes);
    store = await FileBlobStore.open(folder, { now: () => now });
  };

  test('and stays when it is right', async () => {
    await damage(content);
    expect(await Promise.all([store.recheck(digest), store.recheck(digest)])).toEqual([true, true]);
    expect(await store.stat(digest)).toMatchObject({ size: content.byteLength });
  });

  test.each([
    ['shorter', content.subarray(0, 1000)],
    ['longer', Buffer.concat([content, content])],
    ['other', content.map((byte, at) => (at === 7 ? byte ^ 1 : byte))],
  ])('and goes when its bytes are %s', async (_, bytes) => {
    await damage(bytes);
    expect(await store.stat(digest)).toMatchObject({ size: bytes.byteLength });
    expect(await Promise.all([store.recheck(digest), store.recheck(digest)])).toEqual([
      false,
      false,
    ]);
    expect(await store.stat(digest)).toBeUndefined();
    expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
    expect(await store.recheck(digest)).toBe(true);
  });

  test('but not one that this process stored', async () => {
    await store.put(wanted, sourceOf(content)).done;
    await rm(fileOf(digest.slice(7)));
    expect(await store.recheck(digest)).toBe(true);
  });

  test('and is not there when it is not stored', async () => {
    expect(await store.recheck(digest)).toBe(false);
  });
});

describe('a disk that is nearly full', () => {
  const gigabyte = 1_000_000_000;

  test('refuses a blob before its first byte, says what to do, and serves what it has', async () => {
    await store.put(wanted, sourceOf(content)).done;
    await store.close();
    let free = 51_000_000;
    const diskSize = async () => ({ total: gigabyte, free });
    store = await FileBlobStore.open(folder, { now: () => now, diskSize, onProblem });
    const large = { digest: madeDigest('large'), size: 1_000_001 };
    for (let round = 0; round < 2; round++) {
      const source = new FedSource();
      await expect(store.put(large, source).done).rejects.toThrow('nearly full');
      expect(source.opened).toBe(0);
    }
    expect(problems).toEqual([expect.stringContaining('limits.storeBytes')]);
    expect(await incoming()).toEqual([]);
    const location = await store.locate(digest);
    if (location?.kind !== 'stream') throw new Error('it is still there');
    expect(await bytesOf(location.body)).toEqual(content);
    free = 52_000_000;
    const bytes = new Uint8Array(1_000_001);
    const put = store.put({ digest: madeDigest(bytes), size: bytes.byteLength }, sourceOf(bytes));
    expect((await put.done).kind).toBe('stored');
  });

  test('counts what the blobs under way will take', async () => {
    await store.close();
    const diskSize = async () => ({ total: gigabyte, free: 53_000_000 });
    store = await FileBlobStore.open(folder, { now: () => now, diskSize });
    const sources = [0, 1, 2, 3].map(() => new FedSource());
    const puts = sources.map((source, at) =>
      store.put({ digest: madeDigest(`large ${at}`), size: 1_000_000 }, source),
    );
    await expect(puts[3]?.done).rejects.toThrow('nearly full');
    sources[0]?.push(content).fail(new Error('broken'));
    await expect(puts[0]?.done).rejects.toThrow('broken');
    const again = store.put(wanted, sourceOf(content));
    expect((await again.done).kind).toBe('stored');
  });
});

describe('a blob whose size nobody stated', () => {
  const mebibyte = 1024 * 1024;
  const chunk = new Uint8Array(mebibyte);

  /** Zeros of so many mebibytes, or without an end. */
  function zeros(most = Number.POSITIVE_INFINITY) {
    const source = {
      given: 0,
      slices: async () => 1,
      open: () => ({
        async read() {
          if (source.given >= most) return { done: true as const, value: undefined };
          source.given += 1;
          return { done: false as const, value: chunk.slice() };
        },
        async cancel() {},
      }),
    };
    return source;
  }

  test('asks the disk for room as it grows, and goes where there is none', async () => {
    await store.close();
    // Ten of them are the reserve.
    const room = 10 + 150;
    const source = zeros();
    const written = () => Math.max(0, source.given - 1) * mebibyte;
    const diskSize = async () => ({ total: 200 * mebibyte, free: room * mebibyte - written() });
    store = await FileBlobStore.open(folder, { now: () => now, diskSize, onProblem });
    const put = store.put({ digest, size: undefined }, source).done;
    await expect(put).rejects.toThrow(BlobTooLarge);
    expect(source.given).toBe(129);
    expect(await incoming()).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('limits.storeBytes')]);
    expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
  });

  test('counts with the others on the disk as it grows', async () => {
    await store.close();
    const diskSize = async () => ({ total: 200 * mebibyte, free: (10 + 150) * mebibyte });
    store = await FileBlobStore.open(folder, { now: () => now, diskSize });
    const fed = [0, 1, 2].map(() => new FedSource());
    const puts = fed.map((source, at) =>
      store.put({ digest: madeDigest(`unstated ${at}`), size: undefined }, source),
    );
    await expect(puts[2]?.done).rejects.toThrow('nearly full');
    for (const source of fed) source.fail(new Error('broken'));
    await expect(puts[0]?.done).rejects.toThrow('broken');
    await expect(puts[1]?.done).rejects.toThrow('broken');
  });

  test('is stored where there is room', async () => {
    const hash = createHash('sha256');
    for (let at = 0; at < 130; at++) hash.update(chunk);
    const zeroed = known(`sha256:${hash.digest('hex')}`);
    const put = store.put({ digest: zeroed, size: undefined }, zeros(130));
    expect(await put.done).toEqual({ kind: 'stored', size: 130 * mebibyte });
  });
});

test('a source faster than the disk has to wait', async () => {
  let given = 0;
  let most = 0;
  const size = 64 * 1024 * 1024;
  const chunk = new Uint8Array(1024 * 1024);
  const put = store.put(
    { digest: madeDigest(new Uint8Array(size)), size },
    {
      slices: async () => 1,
      open: () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (given >= size) return controller.close();
            given += chunk.byteLength;
            most = Math.max(most, given - (put.arrived?.() ?? 0));
            controller.enqueue(chunk.slice());
          },
        }).getReader(),
    },
  );
  expect((await put.done).kind).toBe('stored');
  // A write under way and the next, of 4 MiB and a chunk each, and what the stream reads ahead.
  expect(most).toBeLessThan(16 * 1024 * 1024);
});

test('a full disk: the put rejects with its error, and nothing stays behind', async () => {
  const child = new URL('./full-disk-child.ts', import.meta.url);
  expect(await runWithSmallFiles(child, join(folder, 'full'))).toEqual({
    small: 'stored',
    large: 'EFBIG',
    follower: 'EFBIG',
    incoming: [],
    usedBytes: 1000,
  });
});
