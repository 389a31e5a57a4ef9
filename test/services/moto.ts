import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runWell } from '../clients/harness/run.ts';
import { keptProgram } from './kept-program.ts';
import { type Service, startService } from './service.ts';

const requirements = fileURLToPath(new URL('moto-requirements.txt', import.meta.url));
const server = fileURLToPath(new URL('moto-server.py', import.meta.url));
const installMs = 600_000;

/** moto's DynamoDB from PyPI: in memory, one request at a time. */
export async function startMoto(): Promise<Service> {
  // A virtual environment works with the Python that made it, and with no other.
  const made = await python('-c', 'import sys; print(sys.executable, sys.version)');
  const hash = createHash('sha256').update(readFileSync(requirements)).update(made).digest('hex');
  const folder = await keptProgram(`moto-${hash.slice(0, 12)}`, install);
  return await startService({
    program: join(folder, 'bin', 'python'),
    args: (port) => [server, String(port)],
    readyPath: '/moto-api/data.json',
  });
}

/** Exactly what the list names, and nothing that would have to be built. */
async function install(folder: string): Promise<void> {
  await python('-m', 'venv', folder);
  await runWell(
    join(folder, 'bin', 'python'),
    ['-m', 'pip', 'install', '-q', '--no-deps', '--only-binary', ':all:', '-r', requirements],
    { timeoutMs: installMs },
  );
}

/** Runs the first Python of the path, as a person would. */
function python(...args: readonly string[]): Promise<string> {
  return runWell('/usr/bin/env', ['python3', ...args]);
}
