import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDockerConfig } from '../../../../functions/node/sign-in/docker-config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-docker-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(config: object, registry = 'ghcr.io') {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  return readDockerConfig(file, registry);
}

const basic = (text: string) => Buffer.from(text).toString('base64');
const account = (entry: object) => read({ auths: { 'ghcr.io': entry } });

test.each<[string, object, object]>([
  ['of the registry', { credHelpers: { 'ghcr.io': 'own' }, credsStore: 'all' }, { name: 'own' }],
  ['of all', { credHelpers: { 'quay.io': 'other' }, credsStore: 'all' }, { name: 'all' }],
  ['of all, whatever auths has', { credsStore: 'all', auths: { 'ghcr.io': {} } }, { name: 'all' }],
])('the helper %s', async (_, config, found) => {
  expect(await read(config)).toEqual({ kind: 'helper', ...found });
});

test('a helper without a name is none', async () => {
  const auths = { 'ghcr.io': { username: 'me', password: 'pass' } };
  expect(await read({ credsStore: '', auths })).toMatchObject({ kind: 'credentials' });
});

test.each(['ghcr.io', 'https://ghcr.io', 'http://ghcr.io/v2/', 'ghcr.io/'])(
  'the account of %s',
  async (server) => {
    const auths = { 'quay.io': {}, [server]: { auth: basic('me:pass') } };
    expect(await read({ auths })).toEqual({
      kind: 'credentials',
      credentials: { username: 'me', password: 'pass' },
    });
  },
);

test('the exact name comes before a name with a path', async () => {
  const auths = {
    'https://ghcr.io/v1/': { auth: basic('path:pass') },
    'ghcr.io': { auth: basic('exact:pass') },
  };
  expect(await read({ auths })).toMatchObject({ credentials: { username: 'exact' } });
});

test("Docker Hub has its account under Docker's own name", async () => {
  const auths = { 'https://index.docker.io/v1/': { auth: basic('me:pass') } };
  expect(await read({ auths }, 'docker.io')).toMatchObject({ credentials: { username: 'me' } });
  await expect(read({ auths }, 'index.docker.example')).rejects.toThrow('has no account for');
});

test.each<[string, object, object]>([
  ['auth', { auth: basic('me:pass:word') }, { username: 'me', password: 'pass:word' }],
  ['auth padded with NUL', { auth: basic('me:pass\0\0') }, { username: 'me', password: 'pass' }],
  [
    'auth before the rest',
    { auth: basic('a:b'), username: 'c', password: 'd' },
    { username: 'a', password: 'b' },
  ],
  [
    'an empty auth and a name',
    { auth: '', username: 'c', password: 'd' },
    { username: 'c', password: 'd' },
  ],
])('an account with %s', async (_, entry, credentials) => {
  expect(await account(entry)).toEqual({ kind: 'credentials', credentials });
});

test.each([
  [{ auth: basic(':pass') }],
  [{ auth: basic('me:') }],
  [{ auth: basic('me') }],
  [{ username: 'me' }],
  [{ password: 'pass' }],
  [{ username: '', password: 'pass' }],
  [{ username: 'me', password: '' }],
  [{ username: 1, password: 'pass' }],
])('an account with %j has no user name and password', async (entry) => {
  await expect(account(entry)).rejects.toThrow('ghcr.io has no user name and password');
});

test('a file that cannot be read is an error with its code', async () => {
  const file = join(folder, 'none.json');
  await expect(readDockerConfig(file, 'ghcr.io')).rejects.toThrow(`cannot read ${file}: ENOENT`);
});
