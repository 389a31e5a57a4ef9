import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow } from './modules.ts';

const files = filesBelow('functions');

/** The names that every platform's folder of a service may use again: those of the ports. */
const portNames = [
  'blob-index',
  'blob-put',
  'blob-store',
  'bucket',
  'fetch',
  'fill-queue',
  'leases',
  'ledger',
  'manifest-store',
  'open',
  'public-repositories',
  'runtime',
  'tag-states',
];

test('a file name occurs once, but for the names of ports', () => {
  const names = files.map((file) => basename(file, '.ts'));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  expect(twice.filter((name) => !portNames.includes(name))).toEqual([]);
});
