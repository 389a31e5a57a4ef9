import { createHash } from 'node:crypto';
import { statSync, unlinkSync } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  readFile,
  realpath,
  rename,
  stat,
  writeFile,
} from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The version of the folder's layout. */
const format = '1';

/** A data folder that only this process uses. */
export interface DataFolder {
  /** Its real path. */
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Opens a data folder, or creates it, and locks it. Rejects if another process uses it, if a later
 * version wrote it, if it is another user's (code `ERR_MISUSE`), or with the file system's error.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  await makeFolder(resolve(folder));
  const path = await realpath(folder);
  await checkAccess(path);
  const lock = await lockFolder(path);
  const release = () => new Promise<void>((resolve) => lock.close(() => resolve()));
  try {
    await checkFormat(path);
  } catch (error) {
    await release();
    throw error;
  }
  return { path, release };
}

/**
 * Makes a folder, and those above it. Node's `recursive` never ends below a folder that refuses new
 * entries with ENOENT, as /proc does.
 */
async function makeFolder(path: string, parentExists = false): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && !parentExists && dirname(path) !== path) {
      await makeFolder(dirname(path));
      return makeFolder(path, true);
    }
    // Above a read-only folder mkdir fails with another code, even if the path exists.
    const isThere = code !== 'ENOENT' && (await stat(path).catch(() => undefined))?.isDirectory();
    if (!isThere) throw error;
  }
}

const { R_OK, W_OK, X_OK } = constants;

/** What a server opens when it starts, and how. */
const opened: readonly (readonly [string, number])[] = [
  ['.', R_OK | W_OK | X_OK],
  ['format', R_OK],
  ['index', R_OK | W_OK | X_OK],
  ['index/data.mdb', R_OK | W_OK],
  ['index/lock.mdb', R_OK | W_OK],
  ['blobs', R_OK | W_OK | X_OK],
  ['blobs/incoming', R_OK | W_OK | X_OK],
  ['blobs/sha256', R_OK | W_OK | X_OK],
  ['blobs/sha512', R_OK | W_OK | X_OK],
];

/** Rejects if this process may not use what is in the folder, for example because root ran it once. */
async function checkAccess(folder: string): Promise<void> {
  for (const [name, mode] of opened) {
    const path = join(folder, name);
    try {
      await access(path, mode);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue;
      if (!['EACCES', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
      const reason = `cannot use the data folder ${folder}: ${await denial(path, folder)}`;
      throw Object.assign(new Error(reason), { code: 'ERR_MISUSE' });
    }
  }
}

/** Says why this process may not use a path, and what to do. */
async function denial(path: string, folder: string): Promise<string> {
  const own = process.getuid?.();
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.uid === own) return `permission denied to ${path}; see its mode`;
  const [owner, runAs] =
    found.uid === 0 ? ['root', ''] : [`user ${found.uid}`, `run it as user ${found.uid}, `];
  return (
    `permission denied: ${path} belongs to ${owner}, and this process runs as user ${own}; ${runAs}` +
    `change the owner (chown -R ${own} ${folder}), or choose another folder with --data DIR`
  );
}

async function checkFormat(folder: string): Promise<void> {
  const file = join(folder, 'format');
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    // Renamed into place, so that a crash leaves no empty file.
    await writeFile(`${file}.new`, `${format}\n`);
    await rename(`${file}.new`, file);
  } else if (found.trim() !== format) {
    throw new Error(
      `the data folder ${folder} has format ${JSON.stringify(found.trim().slice(0, 20))}, but this ` +
        `Pullfront reads format ${format}; use the Pullfront that wrote it, or another folder`,
    );
  }
}

/** The longest path of a socket, in bytes: macOS allows 104 with the final zero, Linux 108. */
const longestSocketPath = 103;

/** How long another process may need to listen on a socket that it has created, in ms. */
const listenDelay = 50;

/**
 * Locks a data folder, given by its real path; rejects if another process holds the lock.
 *
 * The lock is a listening socket: the kernel closes it with the process, however that ends. It also
 * works between containers that share a volume, in which every process has the id 1.
 */
async function lockFolder(folder: string): Promise<Server> {
  const path = socketPath(folder);
  for (let removedStale = false; ; removedStale = true) {
    const server = await listen(path);
    if (server !== undefined) {
      if (removedStale) await confirmOwnership(path, folder);
      return server;
    }
    await removeStale(path, folder);
  }
}

function inUse(folder: string): Error {
  return new Error(
    `the data folder ${folder} is in use by another Pullfront; give each its own folder with --data DIR`,
  );
}

function socketPath(folder: string): string {
  const inside = join(folder, 'lock.sock');
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return join(tmpdir(), `pullfront-${name}.sock`);
}

/** Resolves to undefined if the path exists. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error) =>
      codeOf(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

/** Removes the socket of a dead process, but not one that has replaced it meanwhile. */
async function removeStale(path: string, folder: string): Promise<void> {
  const before = identity(path);
  if (await isAlive(path)) throw inUse(folder);
  await pause(listenDelay);
  if (await isAlive(path)) throw inUse(folder);
  if (before !== undefined && identity(path) === before) unlinkSync(path);
}

/** Rejects if another process removed this socket when it meant to remove the stale one. */
async function confirmOwnership(path: string, folder: string): Promise<void> {
  const own = identity(path);
  await pause(2 * listenDelay);
  // This does not close the server: that would remove the path, which is the other's socket now.
  if (own === undefined || identity(path) !== own) throw inUse(folder);
}

function identity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}

/** Tells whether a process listens on a socket. Errors such as EACCES do not prove that it is dead. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) =>
      resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? '')),
    );
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
