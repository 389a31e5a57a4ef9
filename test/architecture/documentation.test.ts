import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './modules.ts';

const generated = ['node_modules', 'dist', '.git', '.tsbuild', 'coverage', 'cdk.out', '.wrangler'];
const pages = pagesBelow('');

test('README.md has at most 150 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('every relative link leads to a file, and to a heading of it', () => {
  expect(pages).toContain('infra/docs/README.md');
  const links = pages.flatMap(linksOf);
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(({ path, anchor }) => !leadsSomewhere(path, anchor))).toEqual([]);
});

test('every page of infra/docs is in its index', () => {
  const named = linksOf('infra/docs/README.md').map(({ path }) => path);
  const unnamed = pages.filter((page) => dirname(page) === 'infra/docs' && !named.includes(page));
  expect(unnamed).toEqual(['infra/docs/README.md']);
});

test('the messages in the tables of troubleshooting.md are in the code', () => {
  const code = filesBelow('functions').map(read).join('\n');
  const messages = messagesOf('infra/docs/troubleshooting.md');
  expect(messages.length).toBeGreaterThan(20);
  // `…` is what varies, and so is what is in brackets at the end.
  const parts = messages.flatMap((message) => message.replace(/ \(\w+\)$/, '').split(/ ?… ?/));
  expect(parts.filter((part) => !code.includes(part))).toEqual([]);
});

test.each([
  ['README.md', /## Check that it works/],
  ['README.md', /0\.0\.0\.0[^.]*\n?[^\n]*everyone who reaches it/],
  ['README.md', /pushes and deletes are out of scope/],
  ['README.md', /Docker Desktop and kind/],
  ['infra/docs/operations.md', /0\.0\.0\.0:5000"` \*\*everyone who can reach the port/],
  ['infra/docs/operations.md', /`HTTPS_PROXY`/],
  ['infra/docs/operations.md', /`NODE_EXTRA_CA_CERTS/],
  ['infra/docs/operations.md', /\[Service\][^`]*RestartPreventExitStatus=2/],
  ['infra/docs/operations.md', /\*\*A backup is not needed/],
  ['infra/docs/operations.md', /CHANGELOG\.md/],
  ['infra/docs/clients.md', /## Docker Desktop, kind, minikube/],
  ['infra/README.md', /needs\n?\s?`zip`/],
  ['CHANGELOG.md', /### Upgrading/],
])('%s says what people look for: %s', (page, expected) => {
  expect(read(page)).toMatch(expected);
});

test('the limit of a blob on AWS has one figure, in one place', () => {
  const figures = pages.flatMap((page) => read(page).match(/\b6[4-9]\d GB\b/g) ?? []);
  expect(figures).toHaveLength(1);
});

test('every hosts.toml that we publish has a dial_timeout', () => {
  const files = readdirSync(join(root, 'infra/clients')).map((name) => `infra/clients/${name}`);
  const places = [...pages, ...filesBelow('functions'), ...files];
  const texts = [...places.map(read), read('infra/aws/template.yaml')];
  const hosts = texts.flatMap(
    (text) => text.match(/\[host\."[^[]*?capabilities[^[]*\[[^`[]*/g) ?? [],
  );
  expect(hosts.length).toBeGreaterThan(5);
  expect(hosts.filter((host) => !host.includes('dial_timeout = "'))).toEqual([]);
});

interface Link {
  readonly page: string;
  /** From the root. */
  readonly path: string;
  /** Without its `#`; empty where the link is to a whole file. */
  readonly anchor: string;
}

/** The Markdown files below a folder, as paths from the root. */
function pagesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return generated.includes(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A page without its blocks of code, in which `[x](y)` and `# x` mean something else. */
function proseOf(page: string): string {
  return read(page).replace(/^ *```[\s\S]*?^ *```/gm, '');
}

function linksOf(page: string): Link[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return { page, path: file === '' ? page : normalize(join(dirname(page), file)), anchor };
    });
}

function leadsSomewhere(path: string, anchor: string): boolean {
  if (!existsSync(join(root, path))) return false;
  return anchor === '' || (path.endsWith('.md') && anchorsOf(path).includes(anchor));
}

/** What stands as code in the columns of a page's tables that are headed "message". */
function messagesOf(page: string): string[] {
  return read(page)
    .split(/\n{2,}/)
    .flatMap((block) => {
      const [head = [], , ...rows] = block.split('\n').map((line) => line.split(' | '));
      const column = head.findIndex((cell) => /^(?:\| )?message$/.test(cell));
      return column < 0 ? [] : rows.map((row) => row[column] ?? '');
    })
    .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message));
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}
