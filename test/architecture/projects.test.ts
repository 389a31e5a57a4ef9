import { expect, test } from 'vitest';
import { projectOf, projects } from '../projects.ts';
import { filesBelow } from './modules.ts';

const tests = filesBelow('test').filter((file) => file.endsWith('.test.ts'));

test('every test file is in a project', () => {
  expect(tests.filter((file) => projectOf(file) === undefined)).toEqual([]);
});

test('no entry of a project is for nothing', () => {
  const entries = Object.values(projects).flat();
  const used = (entry: string) =>
    tests.some((file) => file.startsWith(`test/${entry}/`) || file === `test/${entry}.test.ts`);
  expect(entries.filter((entry) => !used(entry))).toEqual([]);
});
