import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runWell } from './run.ts';

/** The paths of BuildKit's daemon and of its command. */
export interface BuildkitPrograms {
  readonly buildkitd: string;
  readonly buildctl: string;
}

const version = 'v0.25.1';
const module = 'github.com/moby/buildkit';
const needsGo = { major: 1, minor: 24 };
const buildMs = 900_000;

const cache =
  process.env.TEST_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pullfront-test');

const programs: BuildkitPrograms = {
  buildkitd: join(cache, `buildkit-${version}`, 'buildkitd'),
  buildctl: join(cache, `buildkit-${version}`, 'buildctl'),
};

/** What this machine lacks for BuildKit: nothing where it was built once or can be built. */
export function missingForBuildkit(): readonly string[] {
  return isBuilt() || hasGo() ? [] : [`Go ${needsGo.major}.${needsGo.minor}`];
}

/**
 * Gives BuildKit's programs, built from the Go module on first use (minutes) and kept in a cache
 * folder: Debian has no package of them. Go checks the module against its checksum database.
 */
export async function buildkitPrograms(): Promise<BuildkitPrograms> {
  if (isBuilt()) return programs;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'building-'));
  try {
    await build(folder);
    publish(join(folder, 'out'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return programs;
}

async function build(folder: string): Promise<void> {
  writeFileSync(join(folder, 'go.mod'), 'module pullfront.test/buildkit\n\ngo 1.24.0\n');
  const env = { GOFLAGS: '-mod=mod', GOWORK: 'off', CGO_ENABLED: '0' };
  const go = (args: readonly string[]): Promise<string> =>
    runWell('/usr/bin/env', ['-C', folder, 'go', ...args], { env, timeoutMs: buildMs });
  const commands = ['buildkitd', 'buildctl'].map((name) => `${module}/cmd/${name}`);
  await go(['get', ...commands.map((path) => `${path}@${version}`)]);
  const flags = `-s -w -X ${module}/version.Version=${version}`;
  await go(['build', '-trimpath', '-ldflags', flags, '-o', 'out/', ...commands]);
}

/** Moves the finished folder to its place in one step; another run may have been faster. */
function publish(folder: string): void {
  try {
    renameSync(folder, join(cache, `buildkit-${version}`));
  } catch (error) {
    if (!isBuilt()) throw error;
  }
}

function isBuilt(): boolean {
  try {
    for (const path of [programs.buildkitd, programs.buildctl]) accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether the `go` of the PATH is new enough; Debian's 1.19 is not. */
function hasGo(): boolean {
  const { stdout } = spawnSync('/usr/bin/env', ['go', 'version'], { encoding: 'utf8' });
  const found = /go(\d+)\.(\d+)/.exec(stdout ?? '');
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > needsGo.major || (major === needsGo.major && minor >= needsGo.minor);
}
