import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** The user and the group of the process may connect, whatever its umask. */
const mode = 0o660;

/** How long another process may need to listen on a socket that it has created, in ms. */
const listenDelay = 50;

/**
 * Listens on a Unix socket. Replaces a socket on which no process listens, as a killed server leaves
 * it. Rejects if a process listens, if another kind of file is there, or with the system's error.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  try {
    await listening(server, path);
  } catch (error) {
    if (!hasCode(error, ['EADDRINUSE'])) throw error;
    await removeStale(path, error);
    await listening(server, path);
  }
  chmodSync(path, mode);
}

/** Starts to listen; rejects with the system's error. */
export function listening(server: Server, address: string | object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function removeStale(path: string, inUse: unknown): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new Error(`cannot listen on unix:${path}: another kind of file is there; remove it`);
  }
  if (await isAlive(path)) throw inUse;
  await pause(listenDelay);
  if (await isAlive(path)) throw inUse;
  // Another process may have replaced the socket meanwhile.
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === stats.ino) unlinkSync(path);
}

/** Whether a process listens. Errors such as EACCES do not prove that none does. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => resolve(!hasCode(error, ['ECONNREFUSED', 'ENOENT'])));
  });
}

/** Whether an error has one of these codes of the system. */
export function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
