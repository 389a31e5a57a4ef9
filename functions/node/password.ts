import { readFile } from 'node:fs/promises';
import type { Environment } from '../core/config/environment.ts';
import type { PasswordPlace } from '../core/config/resolve.ts';

/** Reads a password from its place; without the end of line that editors leave in a file. */
export async function readPassword(
  place: PasswordPlace,
  environment: Environment,
): Promise<string> {
  if ('env' in place) return environment[place.env] ?? '';
  if ('secret' in place) throw new Error('a secret of Secrets Manager is read on AWS only');
  return (await readFile(place.file, 'utf8')).replace(/\r?\n$/, '');
}
