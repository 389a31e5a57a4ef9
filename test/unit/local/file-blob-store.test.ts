import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileBlobStore } from '../../../functions/local/store/file-blob-store.ts';
import { bytesOf, FedSource, sourceOf } from '../../contract/fed-source.ts';
import { madeDigest } from '../../contract/made-content.ts';
import { runWithSmallFiles } from './small-files.ts';

let folder: string;
let store: FileBlobStore;
let now = Date.UTC(2026, 0, 1);
const content = new Uint8Array(randomBytes(200_000));
const digest = madeDigest(content);
const wanted = { digest, size: content.byteLength };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-files-'));
  store = await FileBlobStore.open(folder, () => now);
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
  store = await FileBlobStore.open(folder, () => now + 1_000_000);
  expect((await store.stat(digest))?.stored).toBe(now);
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
  store = await FileBlobStore.open(folder, () => now);
  expect(await incoming()).toEqual([]);
  const found = [];
  for await (const blob of store.list()) found.push(blob.digest);
  expect(found).toEqual([digest]);
});

test('a file that somebody removed is forgotten when it is asked for', async () => {
  await store.put(wanted, sourceOf(content)).done;
  await unlink(fileOf(digest.slice(7)));
  expect(await store.locate(digest)).toBeUndefined();
  expect(await store.stat(digest)).toBeUndefined();
  expect(await store.usedBytes()).toBe(0);
  expect((await store.put(wanted, sourceOf(content)).done).kind).toBe('stored');
});

test('a file that somebody cut short gives its reader an error, not a clean end', async () => {
  await store.put(wanted, sourceOf(content)).done;
  await writeFile(fileOf(digest.slice(7)), content.subarray(0, 1000));
  const location = await store.locate(digest);
  if (location?.kind !== 'stream') throw new Error('it is still there');
  await expect(bytesOf(location.body)).rejects.toThrow('shorter');
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
