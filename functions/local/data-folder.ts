import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderLock, lockFolder } from './folder-lock.ts';

/** The layout of the folder that this code reads and writes. */
const format = 1;

/** A data folder that this process alone works on. */
export interface DataFolder {
  /** Its real path. */
  readonly path: string;
  release(): Promise<void>;
}

/** The data folder was written by a later version, or is none of ours. */
export class UnknownFormat extends Error {
  constructor(folder: string, found: string) {
    super(
      `the data folder ${folder} has format ${JSON.stringify(found)}, this Pullfront reads format ` +
        `${format}; use the Pullfront that wrote it, or another folder`,
    );
    this.name = 'UnknownFormat';
  }
}

/**
 * Opens a data folder, or creates it, and locks it. Rejects with FolderInUse, UnknownFormat, or the
 * file system's error.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  await mkdir(folder, { recursive: true });
  const path = await realpath(folder);
  const lock: FolderLock = await lockFolder(path);
  try {
    await checkFormat(path);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { path, release: () => lock.release() };
}

async function checkFormat(folder: string): Promise<void> {
  const file = join(folder, 'format');
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    // By way of another name, so that a crash leaves no empty file.
    await writeFile(`${file}.new`, `${format}\n`);
    await rename(`${file}.new`, file);
  } else if (found.trim() !== String(format)) {
    throw new UnknownFormat(folder, found.trim().slice(0, 20));
  }
}
