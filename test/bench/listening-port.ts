import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Daemon } from './workspace.ts';

/**
 * Waits until a process listens, at most 30 s, and gives its TCP port. Both registries are started
 * on port 0, so that no port is guessed, and neither says the port in a form made for programs.
 */
export async function listeningPort(daemon: Daemon): Promise<number> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const { exitCode, signalCode } = daemon.process;
    if (exitCode !== null || signalCode !== null || daemon.pid === 0) {
      throw new Error(`${daemon.process.spawnfile} ended at its start: ${daemon.errors()}`);
    }
    const port = await portOf(daemon.pid);
    if (port !== undefined) return port;
    await wait(20);
  }
  throw new Error(`${daemon.process.spawnfile} does not listen after 30 s: ${daemon.errors()}`);
}

async function portOf(pid: number): Promise<number | undefined> {
  const sockets = await socketsOf(pid);
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      // proc(5): sl local_address rem_address st … inode; state 0A is LISTEN.
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === '0A' && inode !== undefined && sockets.has(inode)) {
        return Number.parseInt(local?.split(':')[1] ?? '', 16);
      }
    }
  }
  return undefined;
}

async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const inodes = new Set<string>();
  for (const name of names) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}
