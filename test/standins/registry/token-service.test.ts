import { expect, test } from 'vitest';
import { bearer, image, layerUrl, standin, tagUrl } from './standin.ts';

test('a registry without auth asks for nothing', async () => {
  const upstream = await standin();
  expect((await fetch(`${upstream.url}/v2/`)).status).toBe(200);
});

test('a challenge names realm, service and scope, and its token opens the repository', async () => {
  const upstream = await standin({ auth: 'anonymous' });
  expect((await fetch(`${upstream.url}/v2/`)).headers.get('www-authenticate')).toBe(
    `Bearer realm="${upstream.url}/token",service="registry.standin"`,
  );
  const refused = await fetch(tagUrl(upstream));
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer realm="${upstream.url}/token",service="registry.standin",scope="repository:library/app:pull"`,
  );
  const headers = await bearer(upstream);
  expect((await fetch(tagUrl(upstream), { headers })).status).toBe(200);
  expect((await fetch(`${upstream.url}/v2/`, { headers })).status).toBe(200);
  expect((await fetch(layerUrl(upstream), { headers, redirect: 'manual' })).status).toBe(307);
  expect(upstream.requests.at(-1)).toMatchObject({ authorization: 'Bearer', authorized: true });
  expect(JSON.stringify(upstream.requests)).not.toContain(headers.authorization.slice(7));
});

test('tokens open no other repository, expire, and can be revoked', async () => {
  let now = Date.now();
  const upstream = await standin({ auth: 'anonymous', tokenSeconds: 60 }, { now: () => now });
  upstream.add('library/other', image, '1');
  const status = async (headers: { authorization: string }, name = 'app') => {
    const answer = await fetch(`${upstream.url}/v2/library/${name}/manifests/1`, { headers });
    return `${answer.status} ${answer.headers.get('www-authenticate')?.split('error=')[1] ?? ''}`;
  };
  const first = await bearer(upstream);
  expect(await status(first)).toBe('200 ');
  expect(await status(first, 'other')).toBe('401 "insufficient_scope"');
  now += 60_000;
  expect(await status(first)).toBe('401 "invalid_token"');
  const second = await bearer(upstream);
  expect(await status(second)).toBe('200 ');
  upstream.revokeTokens();
  expect(await status(second)).toBe('401 "invalid_token"');
});

test.each([
  ['another service', 'service=x&scope=repository:library/app:pull', 400],
  ['a malformed scope', 'service=registry.standin&scope=library/app', 400],
  ['another action', 'service=registry.standin&scope=repository:library/app:pull,push', 403],
])('the token service refuses %s', async (_name, query, status) => {
  const upstream = await standin({ auth: 'anonymous' });
  expect((await fetch(`${upstream.url}/token?${query}`)).status).toBe(status);
});

test('a private repository opens to an account only, as either kind of registry says', async () => {
  const upstream = await standin({ auth: 'anonymous', privateRepositories: ['library/app'] });
  const anonymous = await fetch(tagUrl(upstream), { headers: await bearer(upstream) });
  expect(anonymous.status).toBe(401);
  const account = await bearer(upstream, 'user:pass');
  expect((await fetch(tagUrl(upstream), { headers: account })).status).toBe(200);
  upstream.set({ deniedBy: 'token' });
  await bearer(upstream);
  expect(upstream.requests.at(-1)?.status).toBe(403);
});

test('accounts: wrong passwords are refused, and required means required', async () => {
  const upstream = await standin({ auth: 'anonymous' });
  await bearer(upstream, 'user:wrong');
  expect(upstream.requests.at(-1)).toMatchObject({ status: 401, authorized: false });
  upstream.set({ auth: 'required' });
  await bearer(upstream);
  expect(upstream.requests.at(-1)?.status).toBe(401);
  await bearer(upstream, 'user:pass');
  expect(upstream.requests.at(-1)).toMatchObject({ status: 200, authorization: 'Basic' });
});

test('the realm, the challenge and the form of the answer can be changed', async () => {
  const upstream = await standin({ auth: 'anonymous', realm: 'own', tokenField: 'access_token' });
  const challenge = async () => (await fetch(tagUrl(upstream))).headers.get('www-authenticate');
  expect(await challenge()).toContain(`realm="${upstream.origins.token}/token"`);
  const url = `${upstream.origins.token}/token?service=registry.standin`;
  expect(Object.keys(JSON.parse(await (await fetch(url)).text()))).toEqual([
    'access_token',
    'expires_in',
    'issued_at',
  ]);
  upstream.set({ realm: 'http://evil.example/token' });
  expect(await challenge()).toContain('realm="http://evil.example/token"');
  upstream.set({ challenge: 'Basic realm="x", Bearer realm="y"' });
  expect(await challenge()).toBe('Basic realm="x", Bearer realm="y"');
});
