import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../../scripts/prestart.mjs', import.meta.url));
const server = ['dist/pullfront.js', 'dist/cli.js'];
const source = 'functions/core/oci/digest.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-prestart-'));
  write(source, 10);
  mkdirSync(join(folder, 'scripts'));
  cpSync(program, join(folder, 'scripts/prestart.mjs'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file that changed, with its folder, so many seconds ago. */
function write(path: string, secondsAgo: number): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  const time = Date.now() / 1000 - secondsAgo;
  for (const changed of [file, dirname(file)]) utimesSync(changed, time, time);
}

/** Stand-ins for esbuild, and for tsx, which says what it would run. */
function installBuilder(): void {
  for (const name of ['esbuild', 'tsx']) write(`node_modules/${name}/index.js`, 0);
  writeFileSync(
    join(folder, 'node_modules/tsx/index.js'),
    "console.log('built', ...process.argv.slice(2));\nprocess.exit(0);\n",
  );
}

function prestart() {
  const args = [join(folder, 'scripts/prestart.mjs')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a server that is newer than its sources is not built', () => {
  installBuilder();
  const late = Date.now() / 1000 + 60;
  for (const file of server) {
    write(file, 0);
    utimesSync(join(folder, file), late, late);
  }
  expect(prestart()).toEqual({ status: 0, stdout: '', stderr: '' });
});

test.each([
  ['that is not there', () => undefined],
  ['without one of its files', () => write('dist/cli.js', 0)],
  ['that is older than a source', () => server.map((file) => write(file, 60))],
])('a server %s is built', (_, prepare) => {
  prepare();
  installBuilder();
  expect(prestart()).toEqual({ status: 0, stdout: 'built server\n', stderr: '' });
});

test('without esbuild, what is built already is used as it is', () => {
  for (const file of server) write(file, 60);
  expect(prestart()).toEqual({
    status: 0,
    stdout: '',
    stderr: 'start: dist is older than its sources, and esbuild is not installed: not built\n',
  });
});

test('without esbuild and without a server it says what to do', () => {
  expect(prestart()).toEqual({
    status: 1,
    stdout: '',
    stderr: 'start: the server is not built; run: npm ci && npm run build\n',
  });
});

test('a package without sources starts', () => {
  rmSync(join(folder, 'functions'), { recursive: true });
  for (const file of server) write(file, 60);
  expect(prestart()).toEqual({ status: 0, stdout: '', stderr: '' });
});
