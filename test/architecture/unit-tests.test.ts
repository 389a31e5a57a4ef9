import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './modules.ts';
import { rowOf, suites } from './suites.ts';

const tests = filesBelow('test/unit').filter((file) => file.endsWith('.test.ts'));
const subjects = new Set(tests.map(subjectOf));

test('test/unit/X.test.ts and X.TOPIC.test.ts test functions/X.ts', () => {
  expect(tests.length).toBeGreaterThan(50);
  const astray = tests.filter((file) => !existsSync(join(root, subjectOf(file))));
  expect(astray).toEqual([]);
});

test('every file of functions/ has a unit test of its own, or a suite that tests its folder', () => {
  const untested = filesBelow('functions').filter((file) => !subjects.has(file));
  expect(untested.filter((file) => rowOf(file) === undefined)).toEqual([]);
});

test('the suites that are named are there, and no row is for nothing', () => {
  const named = Object.values(suites).flat();
  expect(named.filter((suite) => !existsSync(join(root, `test/${suite}.test.ts`)))).toEqual([]);
  const rows = new Set(filesBelow('functions').map(rowOf));
  expect(Object.keys(suites).filter((row) => !rows.has(row))).toEqual([]);
});

function subjectOf(file: string): string {
  const [path = ''] = file.slice('test/unit/'.length).split('.');
  return `functions/${path}.ts`;
}
