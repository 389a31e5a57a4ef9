import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasHelper, serverOf } from '../../../../functions/node/sign-in/credential-helper.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-path-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, mode] of [
    ['runs', 0o755],
    ['text', 0o644],
  ] as const) {
    const file = join(folder, 'bin', `docker-credential-${name}`);
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, mode);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['runs', true],
  ['text', false],
  ['absent', false],
])('the helper %s is on the PATH: %s', async (name, isThere) => {
  const PATH = ['', folder, join(folder, 'bin')].join(delimiter);
  expect(await hasHelper(name, { PATH })).toBe(isThere);
});

test('without a PATH there is no helper', async () => {
  expect(await hasHelper('runs', {})).toBe(false);
  expect(await hasHelper('runs', { PATH: '' })).toBe(false);
});

test('Docker Hub has another name at helpers', () => {
  expect(serverOf('docker.io')).toBe('https://index.docker.io/v1/');
  expect(serverOf('ghcr.io')).toBe('ghcr.io');
});
