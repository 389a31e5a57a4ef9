import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from './daemon.ts';
import type { StartMirror } from './mirror.ts';

const program = fileURLToPath(new URL('../../../scripts/dev-edge.ts', import.meta.url));

/** Starts the built Worker on workerd, with D1 and R2 in the folder. */
export const startEdgeMirror: StartMirror = async (folder, upstreams) => {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ upstreams }));
  const { daemon, ready } = await startDaemon(
    process.execPath,
    [
      ...['--import', 'tsx', program, '--config', config],
      ...['--data', join(folder, 'data'), '--listen', '127.0.0.1:0'],
    ],
    { ready: /^ +URL +(http:\S+)$/ },
  );
  return { url: ready[1] ?? '', lines: () => daemon.lines, stop: () => daemon.stop() };
};
