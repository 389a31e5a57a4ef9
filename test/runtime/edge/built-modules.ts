import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../dist/edge/', import.meta.url);

/** A module as Miniflare takes it. */
export interface Module {
  readonly type: 'ESModule';
  readonly path: string;
  readonly contents: string;
}

/** The built Worker, which comes first, its other modules and the configuration. */
export function builtModules(): Module[] {
  const others = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'worker.js');
  return ['worker.js', ...others].map((path) => {
    const contents = readFileSync(new URL(path, folder), 'utf8');
    return { type: 'ESModule', path, contents };
  });
}
