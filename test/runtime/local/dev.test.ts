import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'pullfront-dev-'));

let npm: ChildProcess | undefined;

afterEach(() => {
  if (npm?.pid !== undefined && npm.exitCode === null) process.kill(-npm.pid, 'SIGKILL');
  rmSync(data, { recursive: true, force: true, maxRetries: 5 });
});

test('npm run dev serves an image by the line that it prints, and a signal ends it all', async () => {
  const args = ['run', '--silent', 'dev', '--', '--listen', '127.0.0.1:0', '--data', data];
  const child = spawn('npm', args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  npm = child;
  const { curl = '', control = '' } = await new Promise<Partial<Record<string, string>>>(
    (resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk;
        const [, curl] = / curl -i (\S+)$/m.exec(said) ?? [];
        const [, control] = / curl -X POST (\S+)$/m.exec(said) ?? [];
        if (curl !== undefined && control !== undefined) resolve({ curl, control });
      });
      child.once('exit', () => reject(new Error(`it ended: ${said}`)));
    },
  );
  expect((await fetch(curl)).status).toBe(200);
  expect((await fetch(control, { method: 'POST' })).status).toBe(200);
  expect(existsSync(join(data, 'index'))).toBe(true);
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
  await expect(fetch(curl)).rejects.toThrow();
  await expect(fetch(control)).rejects.toThrow();
});
