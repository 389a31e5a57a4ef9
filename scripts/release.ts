// npm run release -- X.Y.Z: checks everything, then commits and tags a version of this package. It
// pushes and publishes nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from './project.ts';

const usage = 'npm run release -- X.Y.Z [--dry-run]';
const heading = '## [Unreleased]';

try {
  release(readArguments());
} catch (error) {
  console.error(`release: ${messageOf(error)}`);
  process.exit(1);
}

function release({ version, isDry }: { readonly version: string; readonly isDry: boolean }): void {
  const tag = `v${version}`;
  const { version: current } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (isOlder(version, String(current))) {
    throw new Error(`${version} is older than ${current}, the version in package.json`);
  }
  if (git('tag', '--list', tag) !== '') throw new Error(`the tag ${tag} exists already`);
  const changes = git('status', '--porcelain');
  if (changes !== '') throw new Error(`commit or stash these changes first:\n${changes}`);
  const today = new Date().toISOString().slice(0, 10);
  const changelog = releaseChangelog(readFileSync('CHANGELOG.md', 'utf8'), version, today);
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD');
  const next = `git push origin ${branch} ${tag} && npm publish`;
  if (isDry) {
    console.log(
      [
        'Nothing is changed. A release would run: npm run check, npm test',
        `and commit and tag ${tag} with these notes, dated ${today}:`,
        '',
        changelog.notes,
        '',
        `After that: ${next}`,
      ].join('\n'),
    );
    return;
  }
  npm('run', 'check');
  npm('test');
  writeFileSync('CHANGELOG.md', changelog.text);
  npm('version', version, '--no-git-tag-version', '--allow-same-version');
  git('commit', '--all', '--message', `release: ${version}`);
  git('tag', '--annotate', tag, '--cleanup=verbatim', '--message', `${tag}\n\n${changelog.notes}`);
  console.log(`\n${tag} is committed and tagged. To publish it:\n\n  ${next}`);
}

/** A changelog after a release, and the notes of that release. */
interface Released {
  readonly text: string;
  readonly notes: string;
}

/**
 * Makes the Unreleased section of a changelog that of a version, and begins a new one. Throws an Error
 * when there is nothing to release.
 */
function releaseChangelog(text: string, version: string, date: string): Released {
  const start = text.indexOf(`${heading}\n`);
  if (start < 0) throw new Error(`CHANGELOG.md has no section "${heading}"`);
  const after = text.slice(start + heading.length);
  const end = after.search(/\n## /);
  const notes = (end < 0 ? after : after.slice(0, end)).trim();
  if (!/^- /m.test(notes)) throw new Error('CHANGELOG.md has nothing under Unreleased');
  const before = text.slice(0, start);
  return { text: `${before}${heading}\n\n## [${version}] - ${date}${after}`, notes };
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { 'dry-run': { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [version = '', ...more] = positionals;
    if (!/^\d+\.\d+\.\d+$/.test(version) || more.length > 0) {
      throw new Error('expected one version, as 1.2.3');
    }
    return { version, isDry: values['dry-run'] };
  } catch (error) {
    console.error(`release: ${messageOf(error)}\n\n${usage}`);
    process.exit(2);
  }
}

function isOlder(version: string, other: string): boolean {
  return version.localeCompare(other, 'en', { numeric: true }) < 0;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function npm(...args: string[]): void {
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed; nothing was committed`);
}
