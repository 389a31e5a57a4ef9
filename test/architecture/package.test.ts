import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './modules.ts';

/** The files and folders that a page links to, as they stand in it, without their anchors. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
  return [...new Set(targets)].filter((target) => !/^[a-z]+:/.test(target)).sort();
}

test('the npm package has everything that README.md links to', () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed]: { files: { path: string }[] }[] = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const files = packed?.files.map(({ path }) => path) ?? [];
  const isPacked = (link: string) => files.some((file) => `${file}/`.startsWith(`${link}/`));
  const links = linksOf('README.md');
  expect(links).toContain('functions/README.md');
  expect(links.filter((link) => !isPacked(link))).toEqual([]);
});

test('development.md names every npm script', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const text = readFileSync(join(root, 'infra/docs/development.md'), 'utf8');
  const called = Object.keys(scripts).filter((name) => !/^(?:pre|post)/.test(name));
  const isNamed = (name: string) => new RegExp(`(npm |npm run |\`)${name}(?![\\w:-])`).test(text);
  expect(called.filter((name) => !isNamed(name))).toEqual([]);
});
