import type { Environment } from '../core/config/environment.ts';
import type { PasswordPlace } from '../core/config/resolve.ts';
import type { Stores } from './stores.ts';

/** Reads a password from its place; without the end of line that editors leave in a file. */
export async function readPassword(
  place: PasswordPlace,
  environment: Environment,
  readSecret: Stores['readSecret'],
): Promise<string> {
  if ('env' in place) return environment[place.env] ?? '';
  if ('secret' in place) {
    if (readSecret === undefined) throw new Error('there is no secret store beside these stores');
    return readSecret(place.secret);
  }
  // A function has no such file, and should not load what reads it before it answers.
  const { readFile } = await import('node:fs/promises');
  return (await readFile(place.file, 'utf8')).replace(/\r?\n$/, '');
}
