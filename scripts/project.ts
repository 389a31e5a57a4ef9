import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** What the scripts read of package.json. */
export const { version, engines }: { version: string; engines: { node: string } } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
);

/** The message of what was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
