import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The programs that the bench runs, by name, with the Debian package each one comes from. */
const packages = {
  'docker-registry': 'docker-registry',
  wrk: 'wrk',
  hey: 'hey',
  curl: 'curl',
};

/** Throws with the missing programs and the command that installs them. */
export async function requireTools(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and needs Linux');
  const missing: string[] = [];
  for (const [tool, name] of Object.entries(packages)) {
    if (!(await isOnPath(tool))) missing.push(name);
  }
  if (missing.length > 0) {
    const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
    throw new Error(`the bench needs ${missing.join(', ')}; on Debian: ${command}`);
  }
}

/** Throws unless the temporary folder has this many bytes free. */
export async function requireSpace(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize >= bytes) return;
  const wanted = Math.ceil(bytes / 1e9);
  throw new Error(
    `${tmpdir()} needs ${wanted} GB free for the bench; set TMPDIR to another folder`,
  );
}

async function isOnPath(tool: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      await access(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}
