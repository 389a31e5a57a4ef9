import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { dockerRegistryVersion, startDockerRegistry } from './docker-registry.ts';
import { measureNames } from './options.ts';
import type { Workspace } from './workspace.ts';

/** CNCF distribution in proxy mode, as Debian packages it. */
export async function peer(workspace: Workspace): Promise<Contender> {
  return {
    name: 'peer',
    version: await dockerRegistryVersion(workspace),
    measures: measureNames,
    start: async (upstream) => {
      const data = await workspace.folder('peer');
      const { daemon, url } = await startDockerRegistry(workspace, data, upstream);
      return {
        url,
        pid: daemon.pid,
        stored: (digest) => appears(blobPath(data, digest)),
        end: async () => {
          await daemon.end();
          await workspace.remove(data);
        },
      };
    },
  };
}

// It stores a blob by a second download behind the client's; a GET before its end is still cold.
async function appears(path: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    if (await exists(path)) return;
    await wait(50);
  }
  throw new Error('the peer did not store a blob within 120 s');
}

function blobPath(data: string, digest: string): string {
  const hex = digest.replace('sha256:', '');
  return join(data, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
