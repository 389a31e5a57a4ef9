import type { Environment } from '../core/config/environment.ts';
import type { PasswordPlace } from '../core/config/resolve.ts';

/** Reads passwords of a process; `readSecret` reads one out of the secret store, if there is one. */
export function passwordReader(
  environment: Environment,
  readSecret?: (name: string) => Promise<string>,
): (place: PasswordPlace) => Promise<string> {
  return async (place) => {
    if ('env' in place) {
      const password = environment[place.env];
      if (password) return password;
      throw new Error(`the environment variable ${place.env} is not set`);
    }
    if ('secret' in place) {
      if (readSecret !== undefined) return readSecret(place.secret);
      throw new Error(`no secret store here has the secret ${place.secret}`);
    }
    // A function has no such file, and should not load what reads it before it answers.
    const { readFile } = await import('node:fs/promises');
    // Editors end a file with a line end.
    const password = (await readFile(place.file, 'utf8')).replace(/\r?\n$/, '');
    // It may be about to be written.
    if (password === '') throw new Error(`${place.file} is empty`);
    return password;
  };
}
