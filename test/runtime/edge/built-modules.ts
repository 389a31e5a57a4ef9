import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const built = new URL('../../../dist/edge/', import.meta.url).pathname;

/** A module as Miniflare takes it. */
export interface Module {
  readonly type: 'ESModule';
  readonly path: string;
  readonly contents: string;
}

/** The Worker built in `folder`, which comes first, its other modules and the configuration. */
export function builtModules(folder = built): Module[] {
  const others = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'worker.js');
  return ['worker.js', ...others].map((path) => {
    const contents = readFileSync(join(folder, path), 'utf8');
    return { type: 'ESModule', path, contents };
  });
}
