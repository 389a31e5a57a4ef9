import { access, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Contender } from './contender.ts';
import { listeningPort } from './listening-port.ts';
import { measureNames } from './options.ts';
import type { Workspace } from './workspace.ts';

/**
 * The built bundle in a process of its own, with its defaults but for the log: one line a request
 * is off, as the peer's access log is. `profile` names a folder for CPU profiles.
 */
export async function pullfront(
  workspace: Workspace,
  root: string,
  profile: string | undefined,
): Promise<Contender> {
  const program = join(root, 'dist/pullfront.js');
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`];
  return {
    name: 'pullfront',
    version: await versionOf(root),
    measures: measureNames,
    start: async (upstream) => {
      await access(program).catch(() => {
        throw new Error(`${program} is missing; run: npm run build`);
      });
      const folder = await workspace.folder('pullfront');
      const config = join(folder, 'config.json');
      await writeFile(
        config,
        JSON.stringify({
          listen: '127.0.0.1:0',
          data: join(folder, 'data'),
          log: { level: 'warn' },
          upstreams: { 'docker.io': { url: upstream } },
        }),
      );
      const args = [...flags, program, 'serve', '--config', config];
      const daemon = workspace.start(process.execPath, args);
      const url = `http://127.0.0.1:${await listeningPort(daemon)}`;
      const { status } = await fetch(`${url}/v2/`);
      if (status !== 200) throw new Error(`pullfront answers ${status}: ${daemon.errors()}`);
      return {
        url,
        pid: daemon.pid,
        stored: async () => undefined, // All who ask follow one fill: nothing is fetched again.
        end: async () => {
          await daemon.end();
          await workspace.remove(folder);
        },
      };
    },
  };
}

async function versionOf(root: string): Promise<string> {
  const json: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const version = typeof json === 'object' && json !== null && 'version' in json && json.version;
  return typeof version === 'string' ? version : 'unknown';
}
