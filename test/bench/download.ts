import type { Workspace } from './workspace.ts';

/** Downloads with curl to /dev/null; gives bytes per second; throws unless it got `size` bytes. */
export async function download(workspace: Workspace, url: string, size: number): Promise<number> {
  const format = '%{http_code} %{size_download} %{speed_download}';
  const args = ['-sSL', '-o', '/dev/null', '-w', format, url];
  const stdout = await workspace.run('curl', args);
  const [status, bytes, speed] = stdout.split(' ');
  if (status !== '200' || Number(bytes) !== size) {
    throw new Error(`curl: status ${status}, ${bytes} of ${size} bytes`);
  }
  return Number(speed);
}

/** Waits until the disk has all that was written, so that no run pays for the one before it. */
export async function settleDisk(workspace: Workspace): Promise<void> {
  await workspace.run('sync', []);
}
