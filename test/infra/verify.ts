import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/verify-deployment.ts', import.meta.url));

/** What the script said of a mirror. */
export interface Verdict {
  readonly code: number;
  readonly lines: readonly string[];
  readonly failed: readonly string[];
}

/** Runs the script against a mirror that has `library/app:1`. */
export function verify(url: string, ...more: string[]): Promise<Verdict> {
  const args = ['--import', 'tsx', script, url, '--image', 'library/app:1', ...more];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout) => {
      const lines = stdout.trim().split('\n');
      const failed = lines.filter((line) => line.startsWith('FAIL'));
      resolve({ code: error === null ? 0 : Number(error.code), lines, failed });
    });
  });
}
