import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll } from 'vitest';
import { keptProgram } from '../../services/kept-program.ts';
import { binary } from './binary.ts';
import { type DebianPackages, unpackPackages } from './debian-packages.ts';
import type { Launch } from './launch.ts';
import { spawnGroup } from './process-group.ts';

/** The newer clients, with the least version that the tests are written for. */
const clients: DebianPackages = {
  'docker.io': '28.5',
  'docker-cli': '28.5',
  containerd: '2.1',
  runc: '1.3',
  podman: '5.8',
  conmon: '',
  buildah: '1.43',
  skopeo: '1.22',
};

/** What the namespace needs besides. */
const tools: DebianPackages = { coreutils: '' };

/** What this machine needs to have them. */
export const sidNeeds = ['apt-get', 'dpkg-deb', 'unshare', 'nsenter', 'mount', 'busybox'];

/** How long that may take once: 190 MB are downloaded and 100 packages unpacked. */
const installMs = 900_000;

let entered: Promise<Launch> | undefined;

/**
 * Starts the container clients of Debian's unstable suite, beside the ones of this machine. They
 * need that suite's libraries: they run in a mount namespace in which `/usr` is its folder, and
 * everything else is the machine's. All of a test file's programs share one namespace, because
 * dockerd and containerd have to see each other's mounts.
 */
export function debianSid(): Promise<Launch> {
  entered ??= enter();
  return entered;
}

/** Has the clients ready before the tests of a suite, whose own time is too short for it. */
export function useDebianSid(): void {
  beforeAll(async () => {
    await debianSid();
  }, installMs);
}

async function enter(): Promise<Launch> {
  const versions = Object.entries(clients).filter(([, least]) => least !== '');
  const name = `debian-sid-${versions.map((one) => one.join('-')).join('_')}`;
  const kept = await keptProgram(name, (folder) =>
    unpackPackages(folder, 'sid', { ...clients, ...tools }),
  );
  const holder = spawnGroup(
    'unshare',
    // It ends with the pipe to it, that is with this process.
    ['--mount', 'sh', '-c', 'mount --bind "$0" /usr && echo ready && exec cat', join(kept, 'usr')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const { pid, stdin, stdout } = holder;
  if (pid === undefined || stdin === null || stdout === null)
    throw new Error('unshare did not run');
  const ready = await Promise.race([
    once(createInterface({ input: stdout }), 'line').then(() => true),
    once(holder, 'exit').then(() => false),
  ]);
  if (!ready) {
    throw new Error(
      `cannot mount ${kept} in a namespace: the newer clients need root and CAP_SYS_ADMIN`,
    );
  }
  holder.unref();
  for (const stream of [stdin, stdout]) {
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
  const nsenter = binary('nsenter');
  return (program, args) => [nsenter, `--mount=/proc/${pid}/ns/mnt`, '--', program, ...args];
}
