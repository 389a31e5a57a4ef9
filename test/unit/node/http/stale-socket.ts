import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const script = `require('node:net').createServer().listen(process.argv[1], () =>
  process.kill(process.pid, 'SIGKILL'))`;

/** Leaves a socket behind, as a process that is killed does. */
export async function leaveSocket(path: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['-e', script, path]).catch(() => undefined);
}
