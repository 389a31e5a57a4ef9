import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let folder: string;
let npm: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-npm-'));
});

afterEach(async () => {
  // The group, with whatever npm left behind.
  if (npm?.pid !== undefined) {
    try {
      process.kill(-npm.pid, 'SIGKILL');
    } catch {
      // It ended, as it should.
    }
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs a script of package.json as npm does, without the build before it; gives its URL. */
async function run(script: string, data: string): Promise<string> {
  const args = ['run', script, '--ignore-scripts', '--', '--listen', '127.0.0.1:0'];
  const child = spawn('npm', [...args, '--data', data], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  npm = child;
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      const url = /^ {2}URL {4}(http:\S+)$/m.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
}

test.each(['start', 'dev:edge'])('npm run %s: a signal to npm stops the server', async (script) => {
  const url = await run(script, join(folder, 'data'));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const ended = once(npm as ChildProcess, 'exit');
  npm?.kill('SIGTERM');
  await ended;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});
