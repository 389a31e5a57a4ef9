import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './modules.ts';

const tests = filesBelow('test/unit').filter((file) => file.endsWith('.test.ts'));

test('test/unit/X.test.ts and X.TOPIC.test.ts test functions/X.ts', () => {
  expect(tests.length).toBeGreaterThan(50);
  const astray = tests.filter((file) => !existsSync(join(root, subjectOf(file))));
  expect(astray).toEqual([]);
});

function subjectOf(file: string): string {
  const [path = ''] = file.slice('test/unit/'.length).split('.');
  return `functions/${path}.ts`;
}
