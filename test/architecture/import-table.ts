import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './modules.ts';

/** A folder of `functions/` and what its files may import, by the table in functions/README.md. */
export interface Room {
  /** From `functions/`, as `core/oci`. */
  readonly folder: string;
  /** Folders from `functions/` (`core` is all of it), and packages. */
  readonly mayImport: readonly string[];
}

const row = /^\| `([^`]+)` \|[^|]*\|([^|]*)\|$/gm;

/** Reads the table of allowed imports. A folder inside the core is named there without `core/`. */
export function importTable(): Room[] {
  const text = readFileSync(join(root, 'functions/README.md'), 'utf8');
  const rows = [...text.matchAll(row)].map(([, folder = '', cell = '']) => ({
    folder,
    names: [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }));
  const folders = new Set(rows.map(({ folder }) => folder));
  return rows.map(({ folder, names }) => ({
    folder,
    mayImport: names.map((name) => (folders.has(`core/${name}`) ? `core/${name}` : name)),
  }));
}

/** The room of a file: the row with the longest folder that holds it. */
export function roomOf(rooms: readonly Room[], file: string): Room | undefined {
  return rooms
    .filter(({ folder }) => file.startsWith(`functions/${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}
