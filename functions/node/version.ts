import { readFileSync } from 'node:fs';

/** This package's version: the bundle lies one folder below package.json, this file two. */
export const version: string = readVersion(['../package.json', '../../package.json']);

function readVersion(places: readonly string[]): string {
  for (const place of places) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      const named = found instanceof Object && 'name' in found && found.name === 'pullfront';
      if (named && 'version' in found && typeof found.version === 'string') return found.version;
    } catch {
      // Not this place.
    }
  }
  return '0.0.0';
}
