import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { passwordReader } from '../../../functions/node/password.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-password-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a variable, a file and a secret', async () => {
  const file = join(folder, 'password');
  const read = passwordReader({ HUB_TOKEN: 'one' }, async (name) => `two of ${name}`);
  expect(await read({ env: 'HUB_TOKEN' })).toBe('one');
  expect(await read({ secret: 'hub' })).toBe('two of hub');
  await writeFile(file, 'three\r\n');
  expect(await read({ file })).toBe('three');
  await writeFile(file, ' four \n\n');
  expect(await read({ file })).toBe(' four \n');
});

test('what cannot be read is named', async () => {
  const file = join(folder, 'password');
  const read = passwordReader({ EMPTY: '' });
  await expect(read({ env: 'HUB_TOKEN' })).rejects.toThrow('variable HUB_TOKEN is not set');
  await expect(read({ env: 'EMPTY' })).rejects.toThrow('variable EMPTY is not set');
  await expect(read({ secret: 'hub' })).rejects.toThrow('the secret hub');
  await expect(read({ file })).rejects.toThrow(file);
  await writeFile(file, '\n');
  await expect(read({ file })).rejects.toThrow(`${file} is empty`);
});
