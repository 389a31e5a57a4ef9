import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Certificate } from './certificate.ts';
import { startDaemon } from './daemon.ts';

const bundle = fileURLToPath(new URL('../../../dist/pullfront.js', import.meta.url));

/** The built bundle in a process of its own. */
export interface Mirror {
  readonly url: string;
  /** Its output so far. */
  lines(): readonly string[];
  stop(): Promise<void>;
}

/** What the tests say about one upstream; `url` is where its stand-in is. */
export interface MirrorUpstream {
  readonly url: string;
  readonly tagTtl?: string;
  readonly headersTimeout?: string;
  readonly asOf?: boolean;
  readonly tags?: readonly object[];
}

/** Starts a mirror of some form over an empty folder, or one that it had. */
export type StartMirror = (
  folder: string,
  upstreams: Readonly<Record<string, MirrorUpstream>>,
) => Promise<Mirror>;

/** The data of a mirror, in the folder that it was started over. */
export function dataFolder(folder: string): string {
  return join(folder, 'data');
}

/** Starts `pullfront serve` over an empty folder; `more` are further keys of its configuration. */
export async function startMirror(
  folder: string,
  upstreams: Readonly<Record<string, MirrorUpstream>>,
  more: { readonly tls?: Certificate; readonly clients?: object } = {},
): Promise<Mirror> {
  const config = join(folder, 'config.json');
  const data = dataFolder(folder);
  writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', data, upstreams, ...more }));
  const { daemon, ready } = await startDaemon(
    process.execPath,
    [bundle, 'serve', '--config', config],
    { ready: /^ +URL +(https?:\S+)$/ },
  );
  return { url: ready[1] ?? '', lines: () => daemon.lines, stop: () => daemon.stop() };
}
