import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, unlinkSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDataFolder } from '../../../functions/local/data-folder.ts';
import { openEmbeddedStore } from '../../../functions/local/open.ts';
import { bundleChild, StoreProcess } from './store-process.ts';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pullfront-folder-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

describe('a data folder', () => {
  test('is made with the folders above it, and may be there already', async () => {
    const data = join(base, 'a', 'b', 'c');
    await (await openDataFolder(data)).release();
    await (await openDataFolder(data)).release();
    await (await openDataFolder(`${join(base, 'a')}/b/../b2/`)).release();
  });

  test('is refused where it cannot be made, instead of waiting forever', async () => {
    await writeFile(join(base, 'file'), '');
    await expect(openDataFolder(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(openDataFolder(join(base, 'file', 'x'))).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
    await symlink(join(base, 'none', 'x'), join(base, 'dangling'));
    await expect(openDataFolder(join(base, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.runIf(process.platform === 'linux')('is refused below /proc', async () => {
    await expect(openDataFolder('/proc/x/y')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the lock of a data folder', () => {
  test('a second opener is refused by the name of the folder, until the first lets go', async () => {
    const data = join(base, 'data');
    const first = await openDataFolder(data);
    await expect(openDataFolder(data)).rejects.toThrow('in use');
    await expect(openDataFolder(data)).rejects.toThrow(await realpath(data));
    await first.release();
    await (await openDataFolder(data)).release();
  });

  test('another path to the same folder is the same folder', async () => {
    const data = join(base, 'data');
    await mkdir(data);
    await symlink(data, join(base, 'link'));
    const first = await openDataFolder(data);
    await expect(openDataFolder(join(base, 'link'))).rejects.toThrow('in use');
    await first.release();
  });

  test('a path too long for a socket is locked as well', async () => {
    const data = join(base, 'x'.repeat(100), 'y'.repeat(100));
    const first = await openDataFolder(data);
    await expect(openDataFolder(data)).rejects.toThrow('in use');
    const other = await openDataFolder(join(base, 'x'.repeat(100), 'z'.repeat(100)));
    await first.release();
    await (await openDataFolder(data)).release();
    await other.release();
  });

  test('another process holds it, and lets go of it by being killed', async () => {
    const bundle = await bundleChild(new URL('./store-child.ts', import.meta.url));
    const data = join(base, 'data');
    const holder = new StoreProcess(process.execPath, [bundle.path, data]);
    expect(await holder.said(1)).toEqual(['open']);
    await expect(openEmbeddedStore(data, { now: Date.now })).rejects.toThrow('in use');
    const refused = new StoreProcess(process.execPath, [bundle.path, data]);
    expect((await refused.said(1))[0]).toContain('in use');
    await refused.finish();
    await holder.kill();

    // All find the dead process's lock at the same moment: one gets it.
    const openings = Array.from({ length: 5 }, () => openDataFolder(data));
    const outcomes = await Promise.allSettled(openings);
    const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(opened).toHaveLength(1);
    const late = new StoreProcess(process.execPath, [bundle.path, data]);
    expect((await late.said(1))[0]).toContain('in use');
    await late.finish();
    await opened[0]?.value.release();
    await bundle.remove();
  });
});

test('a process whose lock is replaced in the moment after it took over from a dead one is refused', async () => {
  const path = join(await realpath(base), 'lock.sock');
  // What a killed process leaves: a socket on which nothing listens.
  const dead = createServer().listen(`${path}.dead`);
  await once(dead, 'listening');
  await rename(`${path}.dead`, path);
  await new Promise((resolve) => dead.close(resolve));
  const stale = statSync(path).ino;

  const opening = expect(openDataFolder(base)).rejects.toThrow('in use');
  while (statSync(path, { throwIfNoEntry: false })?.ino === stale || !existsSync(path)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Another one that saw the same dead process removes the new lock, and makes its own.
  unlinkSync(path);
  const other = createServer().listen(path);
  await opening;
  await new Promise((resolve) => other.close(resolve));
});

/** Runs a program by another user than root; only root can. */
const asOther = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

describe.runIf(process.getuid?.() === 0)('a data folder that this user may not use', () => {
  let bundle: Awaited<ReturnType<typeof bundleChild>>;

  beforeAll(async () => {
    bundle = await bundleChild(new URL('./store-child.ts', import.meta.url));
    await chmod(dirname(bundle.path), 0o755);
  });
  afterAll(() => bundle.remove());

  test.each([
    [
      'root',
      0,
      'belongs to root, and this process runs as user 65534; change the owner (chown -R 65534 ',
    ],
    [
      'a user',
      1234,
      'belongs to user 1234, and this process runs as user 65534; run it as user 1234, change',
    ],
    ['this user, by its mode', 65_534, '; see its mode'],
  ])('belongs to %s', async (_, owner, reason) => {
    await chmod(base, 0o755);
    const data = join(base, 'data');
    await (await openDataFolder(data)).release();
    await chown(data, owner, owner);
    await chmod(data, 0o500);
    const { stdout } = spawnSync(
      '/usr/bin/env',
      [...asOther, process.execPath, bundle.path, data],
      { encoding: 'utf8', input: '' },
    );
    const path = await realpath(data);
    expect(stdout).toContain(`cannot use the data folder ${path}: permission denied`);
    expect(stdout).toContain(reason);
  });
});

describe('the format of a data folder', () => {
  test('is written at first, and read again', async () => {
    await (await openDataFolder(base)).release();
    expect(await readFile(join(base, 'format'), 'utf8')).toBe('1\n');
    await (await openDataFolder(base)).release();
  });

  test('of a later version is refused, with both numbers, and the lock is let go', async () => {
    await writeFile(join(base, 'format'), '2\n');
    await expect(openDataFolder(base)).rejects.toThrow('has format');
    await expect(openDataFolder(base)).rejects.toThrow(/"2".*format 1/);
    await writeFile(join(base, 'format'), '1\n');
    await (await openDataFolder(base)).release();
  });
});

test('a store that cannot be opened lets go of its folder', async () => {
  await writeFile(join(base, 'blobs'), 'a file where a folder should be');
  await expect(openEmbeddedStore(base, { now: Date.now })).rejects.toThrow();
  await rm(join(base, 'blobs'));
  await (await openEmbeddedStore(base, { now: Date.now })).close();
});
