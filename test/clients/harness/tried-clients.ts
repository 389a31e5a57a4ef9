import type { Client } from './client.ts';
import { startContainerdClient } from './containerd-client.ts';
import { startDocker } from './docker-client.ts';
import { startPodman } from './podman-client.ts';
import type { Stage } from './stage.ts';

/** A client by which a form of the mirror is tried, and the programs it needs. */
export interface TriedClient {
  readonly name: string;
  readonly programs: readonly string[];
  readonly start: (stage: Stage) => Promise<Client>;
}

/** The clients that differ most: by the root of the address, by `ns=`, and by a prefix. */
export const triedClients: readonly TriedClient[] = [
  {
    name: 'dockerd',
    programs: ['dockerd', 'docker', 'containerd', 'runc', 'openssl', 'busybox'],
    start: (stage) => startDocker(stage),
  },
  {
    name: 'containerd',
    programs: ['containerd', 'ctr', 'runc', 'busybox'],
    start: (stage) => startContainerdClient(stage),
  },
  {
    name: 'podman',
    programs: ['podman', 'conmon', 'runc', 'busybox'],
    start: (stage) => startPodman(stage),
  },
];
