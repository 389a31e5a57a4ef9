import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../scripts/release.ts', import.meta.url));
const runner = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const changelog = (unreleased: string) =>
  `# Changelog\n\n## [Unreleased]\n${unreleased}\n## [0.1.0] - 2026-01-01\n\n- First.\n`;
const person = { name: 'A', email: 'a@example.com' };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-release-'));
  git('init', '--quiet', '--initial-branch', 'main');
  git('config', 'user.name', person.name);
  git('config', 'user.email', person.email);
  prepare('true');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Commits a package of version 0.1.0 with one change to release. */
function prepare(check: string, unreleased = '\n### Added\n\n- A thing.\n'): void {
  const scripts = { check, test: 'true' };
  const manifest = { name: 'made', version: '0.1.0', scripts };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog(unreleased));
  git('add', '--all');
  git('commit', '--quiet', '--message', 'change');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
}

function release(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', runner, program, ...args],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8');

test('a release is a dated section, a version, a commit and a tag', () => {
  const { status, stdout } = release('0.2.0');
  expect(status).toBe(0);
  expect(stdout).toContain('git push origin main v0.2.0');
  expect(read('CHANGELOG.md')).toMatch(
    /^## \[Unreleased\]\n\n## \[0\.2\.0\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- A thing\.\n\n## \[0\.1\.0\]/m,
  );
  expect(JSON.parse(read('package.json')).version).toBe('0.2.0');
  expect(git('status', '--porcelain')).toBe('');
  expect(git('log', '-1', '--format=%s')).toBe('release: 0.2.0');
  expect(git('tag', '--list', '--format=%(contents)', 'v0.2.0')).toContain('### Added');
});

test('--dry-run changes nothing', () => {
  const head = git('rev-parse', 'HEAD');
  const { status, stdout } = release('0.1.0', '--dry-run');
  expect(status).toBe(0);
  expect(stdout).toContain('- A thing.');
  expect([git('rev-parse', 'HEAD'), git('status', '--porcelain'), git('tag')]).toEqual([
    head,
    '',
    '',
  ]);
});

test.each([
  ['a dirty tree', () => writeFileSync(join(folder, 'new.txt'), ''), 'new.txt'],
  ['nothing to release', () => prepare('true', ''), 'nothing under Unreleased'],
  ['a tag that exists', () => git('tag', 'v0.2.0'), 'v0.2.0 exists'],
  ['a check that fails', () => prepare('false'), 'npm run check failed'],
])('%s is refused', (_, change, reason) => {
  change();
  const head = git('rev-parse', 'HEAD');
  const { status, stderr } = release('0.2.0');
  expect(status).toBe(1);
  expect(stderr).toContain(reason);
  expect(git('rev-parse', 'HEAD')).toBe(head);
  expect(read('CHANGELOG.md')).not.toContain('[0.2.0]');
});

test.each([
  [['0.0.9'], 1],
  [['next'], 2],
  [[], 2],
  [['0.2.0', '--force'], 2],
] as const)('the arguments %j are refused', (args, code) => {
  expect(release(...args).status).toBe(code);
});
