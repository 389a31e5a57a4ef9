import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

// The distribution's folders first: a daemon and the command beside it belong together.
const folders = ['/usr/bin', '/usr/sbin', ...(process.env.PATH ?? '').split(':')];

/** The path of an installed program, or undefined. */
export function findBinary(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** The path of an installed program, or the path that was given; throws when it is missing. */
export function binary(name: string): string {
  if (isAbsolute(name)) return name;
  const found = findBinary(name);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
