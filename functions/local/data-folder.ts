import { createHash } from 'node:crypto';
import { type BigIntStats, statSync, unlinkSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The layout of the folder that this code reads and writes. */
const format = 1;

/** A data folder that this process alone works on. */
export interface DataFolder {
  /** Its real path. */
  readonly path: string;
  release(): Promise<void>;
}

/** The data folder was written by a later version, or is none of ours. */
export class UnknownFormat extends Error {
  constructor(folder: string, found: string) {
    super(
      `the data folder ${folder} has format ${JSON.stringify(found)}, this Pullfront reads format ` +
        `${format}; use the Pullfront that wrote it, or another folder`,
    );
    this.name = 'UnknownFormat';
  }
}

/**
 * Opens a data folder, or creates it, and locks it. Rejects with FolderInUse, UnknownFormat, or the
 * file system's error.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  await mkdir(folder, { recursive: true });
  const path = await realpath(folder);
  const lock: FolderLock = await lockFolder(path);
  try {
    await checkFormat(path);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { path, release: () => lock.release() };
}

async function checkFormat(folder: string): Promise<void> {
  const file = join(folder, 'format');
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    // By way of another name, so that a crash leaves no empty file.
    await writeFile(`${file}.new`, `${format}\n`);
    await rename(`${file}.new`, file);
  } else if (found.trim() !== String(format)) {
    throw new UnknownFormat(folder, found.trim().slice(0, 20));
  }
}

/** What a socket's path may take, in bytes: macOS has 104 with the final zero, Linux 108. */
const longestSocketPath = 103;
/** How long another process may need between creating its socket and listening on it, in ms. */
const settleTime = 50;

/** The exclusive right to a data folder. */
interface FolderLock {
  release(): Promise<void>;
}

/** Another process works on the data folder. */
export class FolderInUse extends Error {
  constructor(folder: string) {
    super(`the data folder ${folder} is in use by another Pullfront; give each its own folder`);
    this.name = 'FolderInUse';
  }
}

/**
 * Takes the lock of a data folder (its real path); rejects with FolderInUse.
 *
 * The lock is a listening socket: the kernel closes it with the process, however that ends, and it
 * means the same to containers that share a volume and all call themselves process 1.
 */
async function lockFolder(folder: string): Promise<FolderLock> {
  const path = socketPath(folder);
  for (let tookOver = false; ; tookOver = true) {
    const server = await listen(path);
    if (server !== undefined) {
      if (tookOver) await settle(path, folder);
      return { release: () => closed(server) };
    }
    await removeStale(path, folder);
  }
}

function socketPath(folder: string): string {
  const inside = join(folder, 'lock.sock');
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return join(tmpdir(), `pullfront-${name}.sock`);
}

/** undefined when the path is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server.unref()));
  });
}

/** Removes a socket whose process is gone, and no other that came in its place meanwhile. */
async function removeStale(path: string, folder: string): Promise<void> {
  const before = identity(path);
  if (await isAnswered(path)) throw new FolderInUse(folder);
  await pause(settleTime);
  if (await isAnswered(path)) throw new FolderInUse(folder);
  if (before !== undefined && identity(path) === before) unlinkSync(path);
}

/** After a take-over: another process may have removed this socket instead of the stale one. */
async function settle(path: string, folder: string): Promise<void> {
  const own = identity(path);
  await pause(2 * settleTime);
  // The server is not closed then: closing removes the path, which is the other's socket now.
  if (own === undefined || identity(path) !== own) throw new FolderInUse(folder);
}

function identity(path: string): string | undefined {
  const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error, say of another user's socket, is no sign that its process is gone.
    socket.on('error', (error) => {
      resolve(!('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')));
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
