// Before npm start: builds the server, unless it is newer than its sources. It is no TypeScript: it
// also runs where only the packages of the product are installed, or the package was unpacked.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = ['dist/pullfront.js', 'dist/cli.js'];
const sources = [
  'package.json',
  'scripts/build.ts',
  'scripts/build',
  'package-lock.json',
  'functions',
];

if (!isFresh()) {
  if (hasBuilder()) {
    const args = ['--import', 'tsx', 'scripts/build.ts', 'server'];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } else if (!built.every((file) => existsSync(join(root, file)))) {
    console.error('start: the server is not built; run: npm ci && npm run build');
    process.exitCode = 1;
  } else {
    console.error('start: dist is older than its sources, and esbuild is not installed: not built');
  }
}

function isFresh() {
  const times = built.map((file) => timeOf(join(root, file)) ?? 0);
  return Math.max(...sources.map((path) => newest(join(root, path)))) < Math.min(...times);
}

/**
 * When a file, or anything in a folder, last changed; 0 when it does not exist.
 * @param {string} path
 * @returns {number} in ms
 */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time tells of files that were removed.
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** @param {string} file */
function timeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function hasBuilder() {
  const { resolve } = createRequire(import.meta.url);
  try {
    resolve('esbuild');
    resolve('tsx');
    return true;
  } catch {
    return false;
  }
}
