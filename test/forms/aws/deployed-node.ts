import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
// By way of `test`: the bundle of bench:aws is as deep below the project as this file, but not in `test`.
const project = fileURLToPath(new URL('../../../test/deployed-node/', import.meta.url));
const program = join('node_modules', `node-${process.platform}-${process.arch}`, 'bin/node');

/**
 * The Node that Lambda runs the functions with: what DEPLOYED_NODE names, this process's own if it is
 * a 24, else the one of test/deployed-node, which is installed at the first use. Node publishes it as
 * a package for Linux only; on other systems the functions run on this process's own.
 */
export const deployedNode = await findNode();

async function findNode(): Promise<string> {
  const { DEPLOYED_NODE: named } = process.env;
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw new Error(`DEPLOYED_NODE: found ${named}, expected the path of a node program`);
  }
  if (process.version.startsWith('v24.') || process.platform !== 'linux') return process.execPath;
  const installed = join(project, program);
  if (!existsSync(installed)) await install();
  return installed;
}

/** Installs into a folder of this process: several test files may do so at the same time. */
async function install(): Promise<void> {
  const folder = await mkdtemp(join(project, '.install-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(join(project, name), join(folder, name));
    }
    const args = ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=0'];
    const failure = await run('npm', args, { cwd: folder }).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    // npm leaves out an optional package that it cannot get, and reports success.
    if (!existsSync(join(folder, program))) throw new Error(missing(failure));
    await rename(join(folder, 'node_modules'), join(project, 'node_modules')).catch((error) => {
      if (!existsSync(join(project, program))) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function missing(failure: string): string {
  return [
    'Node 24, on which Lambda runs the functions, could not be installed.',
    'With a network, run: npm ci --prefix test/deployed-node',
    'Without one, name a Node that is here: DEPLOYED_NODE=$(command -v node) npm test',
    failure,
  ].join('\n');
}
