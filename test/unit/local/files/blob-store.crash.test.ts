import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleChild } from '../store-process.ts';

/** What the child printed. */
let said: { digest: string; calls: string[]; ofNext: string[]; again: string; isThere: boolean };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-crash-'));
  const bundle = await bundleChild(new URL('./file-calls-child.ts', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [bundle.path, folder]);
    said = JSON.parse(stdout);
  } finally {
    await bundle.remove();
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a blob is on disk before it gets its name, and its name before it counts as stored', () => {
  const hex = said.digest.slice('sha256:'.length);
  const shard = `blobs/sha256/${hex.slice(0, 2)}`;
  expect(said.calls).toEqual([
    // The folder of unverified blobs.
    'sync blobs',
    'sync blobs/incoming/1',
    // The folders above the blob, which were made for it.
    'sync blobs/sha256',
    'sync blobs',
    `rename blobs/incoming/1 ${shard}/${hex}`,
    `sync ${shard}`,
    'stored',
  ]);
});

test('the next blob of its folder needs no other folder to be on disk', () => {
  expect(said.ofNext.filter((call) => !call.startsWith('rename'))).toEqual([
    'sync blobs/incoming/2',
    `sync blobs/sha256/${said.digest.slice('sha256:'.length, 'sha256:ab'.length)}`,
  ]);
});

test('a blob that is stored again while it is deleted stays', () => {
  expect(said).toMatchObject({ again: 'stored', isThere: true });
});
