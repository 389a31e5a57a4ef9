import { expect, test } from 'vitest';
import { readCredentials } from '../../../../../functions/core/sources/accounts/open-accounts.ts';

const hub = { registry: 'docker.io', url: new URL('https://registry-1.docker.io/') };
const readPassword = async () => 'secret';
const readSignIn = async (registry: string) => ({ username: registry, password: 'issued' });
const account = (more: object) => ({ repositories: [], for: 'pulls', ...more }) as never;

test('a password is read from its place', async () => {
  const place = { file: '/run/secrets/hub' };
  const own = account({ username: 'me', password: place });
  expect(await readCredentials(own, hub, { readPassword })).toEqual({
    username: 'me',
    password: 'secret',
  });
});

test('other credentials are issued for the host of the registry', async () => {
  const helper = account({ helper: 'pass' });
  const mirrored = { ...hub, url: new URL('https://proxy.example/') };
  const issued = (upstream: typeof hub) =>
    readCredentials(helper, upstream, { readPassword, readSignIn });
  expect((await issued(hub)).username).toBe('docker.io');
  expect((await issued(mirrored)).username).toBe('proxy.example');
});

test('a platform that only reads passwords says so', async () => {
  const helper = account({ helper: 'pass' });
  await expect(readCredentials(helper, hub, { readPassword })).rejects.toThrow(
    'only reads passwords',
  );
});
