import { fstatSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenFile } from '../../../../functions/local/files/open-file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-open-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

/** Whether a descriptor is open. */
function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

test('the last of several users closes the file', async () => {
  const file = await OpenFile.create(path);
  expect(file.retain()).toBe(file);
  file.release();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOpen(file.fd)).toBe(true);
  file.release();
  await vi.waitFor(() => expect(isOpen(file.fd)).toBe(false));
});

test('a file is created once, and read only where it exists', async () => {
  await expect(OpenFile.read(path)).rejects.toMatchObject({ code: 'ENOENT' });
  const file = await OpenFile.create(path);
  await expect(OpenFile.create(path)).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await stat(path)).mode & 0o700).toBe(0o600);
  file.release();
});

test('bytes from a place in the file, and an error at its end', async () => {
  await writeFile(path, 'abcdef');
  const file = await OpenFile.read(path);
  const target = new Uint8Array(4);
  expect(await file.readInto(target, 3, 2)).toBe(3);
  expect(Buffer.from(target).toString()).toBe('cde\0');
  expect(await file.readInto(target, 4, 4)).toBe(2);
  await expect(file.readInto(target, 1, 6)).rejects.toThrow(
    'the file of a stored blob is shorter than before',
  );
  file.release();
});

test('a read of a folder is an error of the system', async () => {
  const file = await OpenFile.read(folder);
  await expect(file.readInto(new Uint8Array(1), 1, 0)).rejects.toMatchObject({ code: 'EISDIR' });
  file.release();
});

test('the identity is that of the file now', async () => {
  await writeFile(path, 'abc');
  const file = await OpenFile.read(path);
  const { ino, mtimeMs } = await stat(path);
  expect(file.identity).toEqual({ inode: ino, size: 3, modified: mtimeMs });
  await writeFile(path, 'abcd');
  expect(file.identity.size).toBe(4);
  file.release();
});
