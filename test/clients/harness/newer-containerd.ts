import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptProgram } from '../../services/kept-program.ts';
import type { containerdPrograms } from './containerd.ts';
import { runWell } from './run.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What this machine needs for it. */
export const newerContainerdNeeds = ['apt-get', 'dpkg-deb', 'env'];

/**
 * The containerd of Debian's testing suite (2.1 at the time of writing), which runs on Debian 12 as
 * it is: it asks for libc6 2.34 only. It is unpacked and not installed, beside Debian 12's own
 * (1.6), by an apt with lists and sources of its own, so that nothing on the machine becomes
 * "testing". That takes some ten seconds and 30 MB, once: it is kept in the cache folder of the tests.
 */
export async function newerContainerd(): Promise<typeof containerdPrograms> {
  const kept = await keptProgram('containerd-debian-testing', unpackContainerd);
  return { containerd: join(kept, 'usr/bin/containerd'), ctr: join(kept, 'usr/bin/ctr') };
}

async function unpackContainerd(folder: string): Promise<void> {
  const apt = join(folder, 'apt');
  for (const one of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(apt, one), { recursive: true });
  }
  const source = `deb [signed-by=${keyring}] ${await debianMirror()} testing main\n`;
  writeFileSync(join(apt, 'testing.list'), source);
  const options = [
    `Dir::Etc::sourcelist=${join(apt, 'testing.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    // What is fetched is signed all the same; a mirror may be some days behind.
    'Acquire::Check-Valid-Until=false',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option]);
  await runWell('apt-get', ['-qq', ...options, 'update']);
  // It downloads into the folder it is run in.
  await runWell('env', ['-C', apt, 'apt-get', '-qq', ...options, 'download', 'containerd']);
  const archive = readdirSync(apt).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get left no package');
  await runWell('dpkg-deb', ['--extract', join(apt, archive), folder]);
  rmSync(apt, { recursive: true });
}

/** The mirror of Debian that this machine is set to. */
async function debianMirror(): Promise<string> {
  const said = await runWell('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  const found = said.split('\n').find((url) => /\/debian\/$/.test(url));
  if (found === undefined) throw new Error('apt has no mirror of Debian');
  return found;
}
