import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from './run.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const defaultMirror = 'http://deb.debian.org/debian/';

/** The least version of each package, by name; an empty string takes any. */
export type DebianPackages = Readonly<Record<string, string>>;

/**
 * Unpacks packages of a Debian suite and all that they depend on into an empty folder, without
 * installing anything. apt works on lists, sources and a status file of its own: to it no package
 * is installed, and the machine keeps its suite.
 */
export async function unpackPackages(
  folder: string,
  suite: string,
  packages: DebianPackages,
): Promise<void> {
  const apt = join(folder, 'apt');
  const archives = join(apt, 'cache/archives');
  for (const one of [join(apt, 'lists/partial'), join(archives, 'partial')]) {
    mkdirSync(one, { recursive: true });
  }
  writeFileSync(join(apt, 'status'), '');
  const source = `deb [signed-by=${keyring}] ${await debianMirror()} ${suite} main\n`;
  writeFileSync(join(apt, 'sources.list'), source);
  const options = [
    `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::State::status=${join(apt, 'status')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    // apt's own user cannot read a folder that belongs to root alone.
    'APT::Sandbox::User=root',
    'APT::Install-Recommends=false',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    // Packages are signed all the same; a mirror may be some days behind.
    'Acquire::Check-Valid-Until=false',
    'Acquire::Retries=3',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  const timeoutMs = 600_000;
  await runWell('apt-get', ['-qq', ...options, 'update'], { timeoutMs });
  await runWell(
    'apt-get',
    ['-qq', '-y', ...options, 'install', '--download-only', ...Object.keys(packages)],
    { timeoutMs },
  );
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  const versions = versionsOf(files);
  checkVersions(suite, packages, versions);
  for (const file of files) {
    await runWell('dpkg-deb', ['--extract', join(archives, file), folder]);
  }
  rmSync(apt, { recursive: true });
}

/** The version of each package by the names of its files, `NAME_VERSION_ARCHITECTURE.deb`. */
function versionsOf(files: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    files.map((file) => {
      const [name = '', version = ''] = file.split('_');
      return [name, decodeURIComponent(version).replace(/^\d+:/, '')];
    }),
  );
}

function checkVersions(
  suite: string,
  packages: DebianPackages,
  versions: ReadonlyMap<string, string>,
): void {
  for (const [name, least] of Object.entries(packages)) {
    const found = versions.get(name);
    if (found === undefined) throw new Error(`apt-get downloaded no package ${name} of ${suite}`);
    if (least !== '' && found.localeCompare(least, 'en', { numeric: true }) < 0) {
      throw new Error(
        `Debian ${suite} at this mirror has ${name} ${found}, and the tests need ${least} or newer: set apt to a current mirror of Debian`,
      );
    }
  }
}

/** The mirror of Debian that this machine is set to; on another distribution Debian's own. */
async function debianMirror(): Promise<string> {
  const said = await runWell('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  return said.split('\n').find((url) => /\/debian\/$/.test(url)) ?? defaultMirror;
}
