import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env.TEST_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pullfront-test');

/**
 * A folder with a program that takes minutes to get, made once and kept: `make` fills an empty
 * folder, which becomes visible under `name` (with the version in it) only when it is finished.
 */
export async function keptProgram(
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const kept = join(cache, name);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'making-'));
  const folder = join(work, 'made');
  mkdirSync(folder);
  console.log(`getting ${name} into ${cache}`);
  try {
    await make(folder);
    publish(folder, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return kept;
}

/** Another run may have been faster; its folder is as good. */
function publish(folder: string, kept: string): void {
  try {
    renameSync(folder, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  }
}
