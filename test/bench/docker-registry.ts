import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listeningPort } from './listening-port.ts';
import type { Daemon, Workspace } from './workspace.ts';

/** A docker-registry process that answers. */
export interface DockerRegistry {
  readonly daemon: Daemon;
  /** Base URL without a slash at the end. */
  readonly url: string;
}

/** What `docker-registry --version` says, e.g. `2.8.2+debian`. */
export async function dockerRegistryVersion(workspace: Workspace): Promise<string> {
  const stdout = await workspace.run('docker-registry', ['--version']);
  return stdout.trim().split(/\s+/).at(-1) ?? 'unknown';
}

/**
 * Starts CNCF distribution on a free port over files in `data`, as a proxy of `proxied` if given.
 * Its access log is off and its other log says errors only: the kindest setting for its speed.
 */
export async function startDockerRegistry(
  workspace: Workspace,
  data: string,
  proxied?: string,
): Promise<DockerRegistry> {
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: data },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: '127.0.0.1:0' },
    ...(proxied === undefined ? {} : { proxy: { remoteurl: proxied } }),
  };
  const file = join(data, 'config.yml');
  await writeFile(file, JSON.stringify(config)); // JSON is YAML.
  const daemon = workspace.start('docker-registry', ['serve', file]);
  const url = `http://127.0.0.1:${await listeningPort(daemon)}`;
  const { status } = await fetch(`${url}/v2/`);
  if (status !== 200) throw new Error(`docker-registry answers ${status}: ${daemon.errors()}`);
  return { daemon, url };
}
