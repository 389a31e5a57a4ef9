import { resolve } from 'node:path';
import { anyEntry, anyName, keys } from '../core/config/keys.ts';

/** Makes the paths in the JSON of a configuration file absolute; they are relative to its folder. */
export function resolvePaths(json: unknown, folder: string): void {
  for (const { path, scalar } of keys) {
    if (scalar?.kind === 'text' && scalar.isPath === true) {
      for (const place of [path, ofAccounts(path)]) {
        changeAt(json, place, (text) => (isPath(text) ? resolve(folder, text) : text));
      }
    }
    if (scalar?.kind === 'listen') {
      changeAt(json, path, (text) =>
        text.replace(/^unix:(?:\/\/)?([^$~].*)$/, (_, socket) => `unix:${resolve(folder, socket)}`),
      );
    }
  }
}

/** The path of the same key in the list of accounts. */
function ofAccounts(path: readonly string[]): readonly string[] {
  return path.flatMap((part) => (part === 'credentials' ? ['accounts', anyEntry] : [part]));
}

/** False for the PEM text of an authority, and for mistakes: a blank, `$HOME/data`, `~/data`. */
function isPath(text: string): boolean {
  return /^(?!~\/|\$).*\S/.test(text) && !text.includes('-----BEGIN');
}

/** Changes the strings at a path, which may lead through all upstreams and accounts. */
function changeAt(
  json: unknown,
  [key = '', ...rest]: readonly string[],
  change: (text: string) => string,
): void {
  if (typeof json !== 'object' || json === null) return;
  for (const name of key === anyName || key === anyEntry ? Object.keys(json) : [key]) {
    const value: unknown = Reflect.get(json, name);
    if (rest.length > 0) changeAt(value, rest, change);
    else if (typeof value === 'string') Reflect.set(json, name, change(value));
  }
}
