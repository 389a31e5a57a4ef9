import { expect, test } from 'vitest';
import { importTable, type Room, roomOf } from './import-table.ts';
import { filesBelow, importsOf } from './modules.ts';

const rooms = importTable();
const files = filesBelow('functions');

test('every file is in a folder of the table in functions/README.md', () => {
  expect(rooms.length).toBeGreaterThan(15);
  expect(files.filter((file) => roomOf(rooms, file) === undefined)).toEqual([]);
});

test('a file imports only what the table allows to its folder', () => {
  const broken = files.flatMap((file) => {
    const room = roomOf(rooms, file);
    if (room === undefined) return [];
    const refused = importsOf(file).filter((target) => !isAllowed(room, target));
    return refused.map((target) => `${file} imports ${target}`);
  });
  expect(broken).toEqual([]);
});

test('no file imports itself by way of others', () => {
  expect(cycles()).toEqual([]);
});

/**
 * A folder of the table stands for its own files, `core` for the whole core, and `core/mirror/*` for
 * the folders below. Node's own modules are free wherever Node runs.
 */
function isAllowed(room: Room, target: string): boolean {
  if (target.startsWith('node:') && runsOnNode(room)) return true;
  if (!target.startsWith('functions/')) return room.mayImport.includes(packageOf(target));
  const targetRoom = roomOf(rooms, target);
  if (targetRoom === undefined) return false;
  const { folder } = targetRoom;
  if (folder === room.folder) return true;
  return room.mayImport.some((name) => {
    if (name.endsWith('/*')) return folder.startsWith(name.slice(0, -1));
    const isWholeForm = !name.includes('/');
    return folder === name || (isWholeForm && folder.startsWith(`${name}/`));
  });
}

function runsOnNode({ folder }: Room): boolean {
  return folder !== 'cloudflare' && folder !== 'memory' && !folder.startsWith('core/');
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Each circle once, as a path of files; types count too. */
function cycles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of importsOf(file)) if (files.includes(target)) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
}
