import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bundleChild } from '../store-process.ts';

/**
 * Runs a child's program where no file can grow beyond 1 MiB (the shell counts 512 bytes), as on a
 * disk that is full: the kernel answers with an error instead of its signal. Gives what it printed.
 */
export async function runWithSmallFiles(source: URL, folder: string): Promise<unknown> {
  const bundle = await bundleChild(source);
  const script = 'trap "" XFSZ; ulimit -f 2048; exec "$0" "$1" "$2"';
  try {
    const args = ['-c', script, process.execPath, bundle.path, folder];
    const { stdout } = await promisify(execFile)('sh', args);
    return JSON.parse(stdout);
  } finally {
    await bundle.remove();
  }
}
