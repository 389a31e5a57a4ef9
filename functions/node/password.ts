import type { Environment } from '../core/config/environment.ts';
import type { PasswordPlace } from '../core/config/resolve.ts';

/** Returns a reader of passwords. `readSecret` reads the secret store of the platform, if any. */
export function passwordReader(
  environment: Environment,
  readSecret?: (name: string) => Promise<string>,
): (place: PasswordPlace) => Promise<string> {
  return async (place) => {
    if ('env' in place) {
      const password = environment[place.env];
      if (password) return password;
      throw new Error(`environment variable ${place.env} is not set`);
    }
    if ('secret' in place) {
      if (readSecret !== undefined) return readSecret(place.secret);
      throw new Error(`cannot read the secret ${place.secret}: this platform has no secret store`);
    }
    // Functions have no such file and should not load node:fs before they answer.
    const { readFile } = await import('node:fs/promises');
    // Editors add the final newline.
    const password = (await readFile(place.file, 'utf8')).replace(/\r?\n$/, '');
    // Another process may be about to write it.
    if (password === '') throw new Error(`${place.file} is empty`);
    return password;
  };
}
