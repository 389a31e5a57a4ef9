import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { binary } from './binary.ts';

/** Makes a folder with a short name: socket paths have about 100 bytes. */
export function makeScratch(name: string): string {
  return mkdtempSync(join(tmpdir(), `pf-${name}-`));
}

/** Removes a folder with all that is mounted in it, and the control groups of its name. */
export function removeScratch(folder: string): void {
  for (const point of mountsIn(folder)) execFileSync(binary('umount'), ['-l', point]);
  removeGroups(basename(folder));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The mount points below a folder, the deepest first (proc_pid_mounts(5) writes a space as \040). */
function mountsIn(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1]?.replaceAll('\\040', ' ') ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .reverse();
}

/** Runtimes leave empty control groups behind, in one hierarchy (v2) or in one a controller (v1). */
function removeGroups(name: string): void {
  const root = '/sys/fs/cgroup';
  for (const hierarchy of [root, ...foldersIn(root)]) {
    if (foldersIn(hierarchy).includes(join(hierarchy, name))) removeGroup(join(hierarchy, name));
  }
}

function removeGroup(group: string): void {
  for (const child of foldersIn(group)) removeGroup(child);
  rmdirSync(group);
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}
