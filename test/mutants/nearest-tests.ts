import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'oxc-parser';
import { filesBelow, root } from '../architecture/modules.ts';
import { rowOf, suites } from '../architecture/suites.ts';

/** Suites over built programs: each mutant would need a build, and minutes. */
const overPrograms = /^test\/(?:runtime|faults|strangers|infra|clients|conformance\/(?!core))/;

/** How many of the tests that import a file are run for it. */
const nearby = 8;

/**
 * The test files to run for a mutant of a product file: first its own unit tests; if it survives them,
 * the unit tests of its folder, the suites of its folder, and the tests with the shortest chains of
 * imports to it.
 */
export function testsNear(file: string): string[][] {
  const name = file.slice('functions/'.length, -'.ts'.length);
  const all = filesBelow('test').filter((test) => test.endsWith('.test.ts'));
  const own = all.filter(
    (test) => test.startsWith(`test/unit/${name}.`) && test.endsWith('.test.ts'),
  );
  const row = rowOf(file);
  const distances = importers(file);
  const importing = all
    .filter((test) => distances.has(test) && /^test\/(?:unit|contract|conformance)\//.test(test))
    .sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0));
  const near = [
    ...all.filter((test) => test.startsWith(`test/unit/${dirname(name)}/`)),
    ...(row === undefined ? [] : (suites[row] ?? [])).map((suite) => `test/${suite}.test.ts`),
    ...importing.slice(0, nearby),
  ];
  const seen = new Set<string>();
  return [own, near]
    .map((group) =>
      group.filter((test) => !overPrograms.test(test) && !seen.has(test) && seen.add(test)),
    )
    .filter((group) => group.length > 0);
}

/** The files that import a file and run what it exports, with the length of the chain of imports. */
function importers(file: string): Map<string, number> {
  const distances = new Map([[file, 0]]);
  for (const [reached, distance] of distances) {
    for (const importer of importedBy().get(reached) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
  }
  return distances;
}

let known: Map<string, string[]> | undefined;

/** Which files import a file, but for its types alone. */
function importedBy(): Map<string, string[]> {
  if (known !== undefined) return known;
  known = new Map();
  for (const importer of [...filesBelow('functions'), ...filesBelow('test')]) {
    for (const imported of importsOf(importer)) {
      known.set(imported, [...(known.get(imported) ?? []), importer]);
    }
  }
  return known;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const { staticImports, staticExports, dynamicImports } = parseSync(file, text).module;
  const specifiers = [
    ...staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) =>
      entries.map(({ moduleRequest }) => moduleRequest?.value ?? ''),
    ),
    ...dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ];
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)))
    .filter((imported) => existsSync(join(root, imported)));
}
