import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, with a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The TypeScript files below a folder, as paths from the root, without declarations. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

const specifiers = /(?:^|\n)(?:import|export)\s(?:[^;'"]*?\sfrom\s)?'([^']+)'|import\('([^']+)'\)/g;

/** What a file imports, types included: files as paths from the root, packages by their name. */
export function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(specifiers)].map(([, named, dynamic]) => {
    const specifier = named ?? dynamic ?? '';
    return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
  });
}
