import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FileBlobStore } from '../../../../functions/local/files/blob-store.ts';
import { bytesOf, FedSource, sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { patience } from '../../../patience.ts';

/** Where Linux lists the open files of a process. */
const descriptors = '/proc/self/fd';

// Larger than what the store keeps in memory.
const content = new Uint8Array(randomBytes(2_000_000));
const digest = madeDigest(content);
const wanted = { digest, size: content.byteLength };

let folder: string;
let store: FileBlobStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-descriptors-'));
  store = await FileBlobStore.open(folder, { now: Date.now });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** How many files of the store this process has open. */
function openFiles(): number {
  return readdirSync(descriptors).filter((fd) => {
    try {
      return readlinkSync(join(descriptors, fd)).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

const noneStaysOpen = () => vi.waitFor(() => expect(openFiles()).toBe(0), patience);

async function located(range?: { start: number; end: number }) {
  const location = await store.locate(digest, range);
  if (location?.kind !== 'stream') throw new Error('the blob is stored');
  return location.body as ReadableStream<Uint8Array>;
}

describe.skipIf(!existsSync(descriptors))('no file stays open (needs /proc/self/fd)', () => {
  beforeEach(async () => {
    await store.put(wanted, sourceOf(content)).done;
    await noneStaysOpen();
  });

  test('after reads to the end, of all or of a part', async () => {
    for (let round = 0; round < 20; round++) {
      await bytesOf(await located());
      await bytesOf(await located({ start: 10, end: 20_000 }));
    }
    await noneStaysOpen();
  });

  test('after a client left, before the first byte or in the middle', async () => {
    for (let round = 0; round < 20; round++) {
      await (await located()).cancel();
      const reader = (await located()).getReader();
      await reader.read();
      await reader.cancel();
    }
    await noneStaysOpen();
  });

  test('after a blob was read again, right or wrong', async () => {
    await store.close();
    store = await FileBlobStore.open(folder, { now: Date.now });
    expect(await store.recheck(digest)).toBe(true);
    await noneStaysOpen();
  });

  test('after puts that failed, with followers', async () => {
    for (let round = 0; round < 20; round++) {
      const other = { digest: madeDigest(`other ${round}`), size: 1_000_000 };
      const source = new FedSource();
      const put = store.put(other, source);
      const following = bytesOf(put.follow?.() ?? new ReadableStream());
      source.push(content.subarray(0, 1000)).fail(new Error('broken'));
      await expect(put.done).rejects.toThrow('broken');
      await expect(following).rejects.toThrow('broken');
    }
    await noneStaysOpen();
  });
});
