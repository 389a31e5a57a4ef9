import { mkdtemp, open, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ByteRange } from '../../../../functions/core/headers/range.ts';
import { FileBlobStore } from '../../../../functions/local/files/blob-store.ts';
import { bytesOf, sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/** Too large to be verified before the first byte. */
const content = new Uint8Array(33 * 1024 * 1024).map((_, at) => at % 251);
const size = content.byteLength;
const digest = madeDigest(content);
const small = content.subarray(0, 1000);
const smallDigest = madeDigest(small);

let folder: string;
let store: FileBlobStore;
let damaged: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-reader-'));
  await reopen();
  await store.put({ digest, size }, sourceOf(content)).done;
  await store.put({ digest: smallDigest, size: 1000 }, sourceOf(small)).done;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  await store?.close();
  store = await FileBlobStore.open(folder, { now: () => 0 });
  damaged = [];
  store.onDamaged((one) => damaged.push(one));
}

/** Changes one byte, as a disk does: the file's time stays. */
async function rot(of = digest, isNoticeable = false): Promise<void> {
  const hex = of.slice('sha256:'.length);
  const path = join(folder, 'blobs', 'sha256', hex.slice(0, 2), hex);
  const { atime, mtime } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.from([255]), 0, 1, 500);
  await file.close();
  if (!isNoticeable) await utimes(path, atime, mtime);
}

/** The digest of what a reader gets. */
async function read(of = digest, range?: ByteRange): Promise<string> {
  const location = await store.locate(of, range);
  if (location?.kind !== 'stream') throw new Error('it is not stored');
  return madeDigest(await bytesOf(location.body));
}

const whole = { start: 0, end: size - 1 };

describe('a file that rotted while the mirror was down', () => {
  beforeEach(async () => {
    await rot();
    await rot(smallDigest);
    await reopen();
  });

  test.each([
    ['the whole', undefined],
    ['a range that is the whole', whole],
    ['the last bytes', { start: size - 10, end: size - 1 }],
    ['a range within it', { start: 10_000, end: 20_000 }],
    ['one byte', { start: 500, end: 500 }],
  ])('gives its reader no clean end and is deleted: %s', async (_, range) => {
    await expect(read(digest, range)).rejects.toThrow(`the stored blob ${digest} is corrupt`);
    expect(await store.locate(digest)).toBeUndefined();
    expect(damaged).toEqual([digest]);
  });

  test('gives no clean end of any range while it is being read', async () => {
    await expect(read(digest, { start: 0, end: 1_000_000 })).rejects.toThrow('corrupt');
    expect(await store.stat(digest)).toBeUndefined();
  });

  test('gives no second put a clean end', async () => {
    const put = store.put({ digest, size }, sourceOf(content));
    const bytes = bytesOf(put.follow?.() ?? new ReadableStream());
    await expect(bytes.then(madeDigest)).rejects.toThrow('corrupt');
  });

  test('is not located at all if it is small', async () => {
    expect(await store.locate(smallDigest)).toBeUndefined();
    expect(damaged).toEqual([smallDigest]);
  });

  test('is deleted once, whoever reads it', async () => {
    const readers = [read(), read(), store.readAgain(digest)];
    const outcomes = await Promise.allSettled(readers);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(damaged).toEqual([digest]);
  });
});

test('an intact file from before the start is read to its end, by all at once', async () => {
  await reopen();
  expect(await Promise.all([read(), read(digest, whole)])).toEqual([digest, digest]);
  expect(await read()).toBe(digest);
  expect(damaged).toEqual([]);
});

describe('a file that rots while the mirror runs', () => {
  test('is read again if its time changed', async () => {
    await read();
    await rot(digest, true);
    await expect(read()).rejects.toThrow('corrupt');
  });

  test('is read again when somebody doubts it', async () => {
    await rot();
    // Nothing shows that it changed, and reading each blob each time would cost too much.
    expect(await read()).not.toBe(digest);
    store.doubt(digest);
    await expect(read()).rejects.toThrow('corrupt');
    expect(damaged).toEqual([digest]);
  });
});

test('doubts cost four readings in a row, and then one now and then', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    for (let doubt = 0; doubt < 4; doubt++) {
      store.doubt(digest);
      expect(await store.recheck(digest)).toBe(true);
    }
    await rot();
    store.doubt(digest);
    expect(await read()).not.toBe(digest);
    vi.advanceTimersByTime(60_000);
    store.doubt(digest);
    await expect(read()).rejects.toThrow('corrupt');
  } finally {
    vi.useRealTimers();
  }
});

test('a doubt in between finds what rotted since the last one', async () => {
  store.doubt(digest);
  expect(await read()).toBe(digest);
  await rot();
  store.doubt(digest);
  await expect(read()).rejects.toThrow('corrupt');
});
