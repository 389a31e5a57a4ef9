import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { bigImage } from './big-image.ts';
import type { Contender } from './contender.ts';
import type { Daemon, Workspace } from './workspace.ts';

/**
 * The built Worker on workerd, over miniflare's D1 and R2 on disk; its log as quiet as the others'.
 * What is bound to Cloudflare's own network is not in these numbers.
 */
export async function edge(workspace: Workspace, root: string): Promise<Contender> {
  const miniflare = join(root, 'node_modules/miniflare/package.json');
  const json: unknown = JSON.parse(await readFile(miniflare, 'utf8'));
  const version = typeof json === 'object' && json !== null && 'version' in json && json.version;
  return {
    name: 'edge',
    version: `miniflare ${version}`,
    measures: ['rates', 'blob', 'first'],
    start: async (upstream) => {
      await access(join(root, 'dist/edge/worker.js')).catch(() => {
        throw new Error('dist/edge/worker.js is missing; run: npm run build');
      });
      const folder = await workspace.folder('edge');
      const config = join(folder, 'config.json');
      const upstreams = { 'docker.io': { url: upstream } };
      await writeFile(config, JSON.stringify({ log: { level: 'warn' }, upstreams }));
      const options = ['--config', config, '--data', join(folder, 'data')];
      const program = join(root, 'scripts/dev-edge.ts');
      const args = ['--import', 'tsx', program, ...options, '--listen', '127.0.0.1:0'];
      const daemon = workspace.start(process.execPath, args);
      const url = await urlOf(daemon);
      return {
        url,
        pid: daemon.pid,
        stored: (digest) => stored(url, digest),
        end: async () => {
          await daemon.end();
          await workspace.remove(folder);
        },
      };
    },
  };
}

/** The address that it prints once it listens. */
async function urlOf(daemon: Daemon): Promise<string> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const found = /^ +URL +(http:\S+)$/m.exec(daemon.errors())?.[1];
    if (found !== undefined) return found;
    if (daemon.process.exitCode !== null) break;
    await wait(20);
  }
  throw new Error(`the Worker does not listen: ${daemon.errors()}`);
}

/** A blob is only answered in a repository whose manifest names it. */
const repositories = ['library/bench', bigImage.repository];

/** Asks for a byte of a blob until it comes out of R2. */
async function stored(mirror: string, digest: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    for (const repository of repositories) {
      const url = `${mirror}/v2/${repository}/blobs/${digest}`;
      const response = await fetch(url, { headers: { range: 'bytes=0-0' } });
      await response.arrayBuffer();
      if (response.ok && response.headers.get('cache-status')?.includes('hit')) return;
    }
    await wait(50);
  }
  throw new Error('the Worker did not store a blob within 120 s');
}
