import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodedOf } from '../../../../functions/core/oci/digest.ts';
import { BlobFolder } from '../../../../functions/local/files/blob-folder.ts';
import { madeDigest } from '../../../contract/made-content.ts';

let root: string;
let folder: BlobFolder;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pullfront-blobs-'));
  folder = new BlobFolder(join(root, 'blobs'));
  await folder.prepare();
});
afterEach(() => rm(root, { recursive: true }));

const digest = madeDigest('content');

async function put(text: string, one = madeDigest(text), stored = 1_700_000_000_123) {
  const { path, file } = await folder.createIncoming();
  await writeFile(path, text);
  await folder.synchroniseFile(file, stored);
  await folder.publish(path, one);
  file.release();
  return path;
}

test('a blob is at a path of its digest', () => {
  const hex = encodedOf(digest);
  expect(folder.path(digest)).toBe(join(root, 'blobs', 'sha256', hex.slice(0, 2), hex));
});

test('a published blob is listed with its size and its time, and its incoming file is gone', async () => {
  const path = await put('content');
  expect(await readFile(folder.path(digest), 'utf8')).toBe('content');
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  const found = { digest, size: 7, stored: 1_700_000_000_123 };
  expect(await folder.scan()).toEqual([found]);
  const other = madeDigest('other', 'sha512');
  await put('other', other);
  expect(await folder.scan()).toEqual([found, { ...found, digest: other, size: 5 }]);
});

test('incoming blobs have files of their own, which a new process removes', async () => {
  const [one, two] = [await folder.createIncoming(), await folder.createIncoming()];
  expect(one.path).not.toBe(two.path);
  await folder.removeIncoming(one.path);
  await expect(stat(one.path)).rejects.toMatchObject({ code: 'ENOENT' });
  await new BlobFolder(join(root, 'blobs')).prepare();
  await expect(stat(two.path)).rejects.toMatchObject({ code: 'ENOENT' });
  for (const { file } of [one, two]) file.release();
});

test('a blob is removed, and one that is not there too', async () => {
  await put('content');
  await folder.remove(digest);
  await folder.remove(digest);
  expect(await folder.scan()).toEqual([]);
});

test('what is no blob is not listed', async () => {
  const hex = encodedOf(digest);
  const shard = join(root, 'blobs', 'sha256', hex.slice(0, 2));
  await put('content');
  await writeFile(join(shard, `${hex.slice(0, 2)}short`), 'x');
  await writeFile(join(root, 'blobs', 'sha256', 'file'), 'x');
  const misplaced = join(root, 'blobs', 'sha256', 'zz');
  await mkdir(misplaced);
  await writeFile(join(misplaced, hex), 'x');
  const directory = encodedOf(madeDigest('a directory'));
  await mkdir(join(root, 'blobs', 'sha256', directory.slice(0, 2), directory), { recursive: true });
  expect((await folder.scan()).map((blob) => blob.digest)).toEqual([digest]);
});
