import type { Config } from '../core/config/resolve.ts';
import { encode } from '../core/config/resolved.ts';

/** The keys that a running server takes from a changed file; all others need a restart. */
const live: readonly string[] = [
  'defaultUpstream',
  'upstreams',
  'shutdownTimeout',
  'limits.maxBlobBytes',
  'limits.storeBytes',
];

/** The keys that differ between two configurations and that a running server cannot change. */
export function keysForRestart(before: Config, after: Config): string[] {
  const changed = (one: object, other: object, prefix: string): string[] =>
    [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) => {
      const path = prefix + key;
      const [was, is] = [Reflect.get(one, key), Reflect.get(other, key)];
      if (live.includes(path) || text(was) === text(is)) return [];
      const isSection = key === 'limits' && typeof is === 'object' && is !== null;
      return isSection ? changed(was, is, `${path}.`) : [path];
    });
  return changed(before, after, '');
}

/** In which URLs, patterns and maps can be compared. */
function text(value: unknown): string {
  return JSON.stringify(encode(value) ?? null);
}
