import { describe, expect, test } from 'vitest';
import type { UpstreamOptions } from '../../../../../functions/core/upstream/connection.ts';
import { clientOf, failureOf, type ScriptedAnswer, startScripted } from '../scripted-server.ts';

const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };

const listOf = (name: string) => `/v2/${name}/tags/list?n=1000`;
const tokenAt = (realm: string, name: string) =>
  `/${realm}?scope=${encodeURIComponent(`repository:${name}:pull`)}`;

/** A registry whose token services are paths of its own; `old` gave a token for `a/first`. */
async function scene(options: Partial<UpstreamOptions> = {}) {
  const server = await startScripted();
  let now = 0;
  const { upstream, at } = clientOf(server.url, { ...options, now: () => now });
  const challenge = (realm: string): ScriptedAnswer => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${server.url.href}${realm}"` },
  });
  const token = (value: string): ScriptedAnswer => ({
    body: JSON.stringify({ token: value, expires_in: 60 }),
  });
  const bare = { authorization: undefined };
  /** A request for the list of tags without a token. */
  const asked = (name: string, answer: ScriptedAnswer) =>
    server.expect({ path: listOf(name), needs: bare, answer });
  const given = (realm: string, name: string, value: string) =>
    server.expect(
      { path: tokenAt(realm, name), answer: token(value) },
      { path: listOf(name), needs: { authorization: `Bearer ${value}` }, answer: tags },
    );
  const refuses = (realm: string, name: string, answer: ScriptedAnswer) =>
    server.expect({ path: tokenAt(realm, name), answer });
  const fails = (realm: string, name: string, status: number) => refuses(realm, name, { status });
  asked('a/first', challenge('old'));
  given('old', 'a/first', 'one');
  await upstream.listTags(at('a/first'));
  server.verify();
  return {
    asked,
    given,
    fails,
    refuses,
    challenge,
    root: (answer: ScriptedAnswer) => server.expect({ path: '/v2/', needs: bare, answer }),
    list: (name: string) => upstream.listTags(at(name)),
    service: (name: string) => upstream.tokenServiceOf(name),
    host: server.url.host,
    verify: () => server.verify(),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe('a token service that moved', () => {
  test('the registry says whither, and the old one is asked no more', async () => {
    await using test = await scene();
    test.fails('old', 'a/second', 404);
    test.asked('a/second', test.challenge('new'));
    test.given('new', 'a/second', 'two');
    expect(await test.list('a/second')).toEqual(found);
    test.verify();
    test.pass(60_000);
    for (const name of ['a/first', 'a/second', 'a/third']) {
      test.given('new', name, `token of ${name}`.replaceAll(' ', '-'));
      expect(await test.list(name)).toEqual(found);
    }
    test.verify();
  });
});

describe('a repository with a token service of its own', () => {
  test('that fails stops no other repository', async () => {
    await using test = await scene();
    test.given('old', 'b/odd', 'two');
    expect(await test.list('b/odd')).toEqual(found);
    test.pass(60_000);
    // From now on it wants tokens of a service that is out of order.
    test.fails('old', 'b/odd', 400);
    test.asked('b/odd', test.challenge('odd'));
    test.fails('odd', 'b/odd', 500);
    expect(await failureOf(test.list('b/odd'))).toMatchObject({
      status: 500,
      answerer: { role: 'token-service', host: test.host },
    });
    test.given('old', 'a/second', 'three');
    expect(await test.list('a/second')).toEqual(found);
    test.verify();
  });

  test('is asked at its own, which the others do not use', async () => {
    await using test = await scene();
    test.fails('old', 'b/odd', 403);
    test.asked('b/odd', test.challenge('odd'));
    test.given('odd', 'b/odd', 'two');
    expect(await test.list('b/odd')).toEqual(found);
    test.pass(60_000);
    test.given('odd', 'b/odd', 'three');
    expect(await test.list('b/odd')).toEqual(found);
    test.given('old', 'a/second', 'four');
    expect(await test.list('a/second')).toEqual(found);
    test.verify();
  });
});

describe('while the token service fails', () => {
  test('a repository that needs no token is read, and costs it no further request', async () => {
    await using test = await scene();
    test.fails('old', 'open/app', 503);
    test.asked('open/app', tags);
    expect(await test.list('open/app')).toEqual(found);
    test.asked('open/app', tags);
    expect(await test.list('open/app')).toEqual(found);
    test.verify();
    // It is tried again: with an account a registry may count such requests less strictly.
    test.pass(60_000);
    test.given('old', 'open/app', 'two');
    expect(await test.list('open/app')).toEqual(found);
    test.verify();
  });

  test.each([400, 403, 404])('a %i without the token says nothing', async (status) => {
    await using test = await scene();
    test.fails('old', 'a/second', 503);
    test.asked('a/second', { status });
    if (status !== 400) test.root(test.challenge('old'));
    expect(await failureOf(test.list('a/second'))).toMatchObject({
      kind: 'unavailable',
      status: 503,
      answerer: { role: 'token-service' },
    });
    test.verify();
  });

  test.each([403, 404])(
    'the registry hides it by %i, and names a new one at /v2/',
    async (status) => {
      await using test = await scene();
      test.fails('old', 'a/second', 503);
      test.asked('a/second', { status });
      test.root(test.challenge('new'));
      test.given('new', 'a/second', 'two');
      expect(await test.list('a/second')).toEqual(found);
      test.verify();
    },
  );

  test.each([
    [404, '{"errors":[]}', true],
    [400, '{"details":"no"}', true],
    [404, '', true],
    [404, '404 page not found', false],
    [403, '{}', undefined],
  ])('a %i of its own (%s) refuses the repository: %s', async (status, body, isRefusal) => {
    await using test = await scene();
    test.refuses('old', 'a/second', { status, body });
    test.asked('a/second', test.challenge('old'));
    const outcome = await test.list('a/second').catch((error: unknown) => error);
    if (isRefusal === undefined) expect(outcome).toEqual({ kind: 'denied' });
    else expect(outcome).toMatchObject({ kind: 'unavailable', status, isRefusal });
    test.given('old', 'a/third', 'three');
    expect(await test.list('a/third')).toEqual(found);
    test.verify();
  });

  test('the registry fails too: that is what is told', async () => {
    await using test = await scene();
    test.fails('old', 'a/second', 503);
    test.asked('a/second', { status: 500 });
    expect(await failureOf(test.list('a/second'))).toMatchObject({
      status: 500,
      answerer: { role: 'registry' },
    });
    test.verify();
  });

  test('credentials that it refuses: nothing is asked without them', async () => {
    const credentials = { username: 'me', password: 'secret' };
    await using test = await scene({ credentials });
    test.fails('old', 'a/second', 401);
    expect(await failureOf(test.list('a/second'))).toMatchObject({ kind: 'credentials' });
    test.verify();
  });
});

describe('the token service that a repository depends on', () => {
  test('is the one that it was challenged for; its token may be at hand', async () => {
    await using test = await scene();
    expect(test.service('a/first')).toEqual({ host: test.host, hasToken: true });
    test.pass(60_000);
    expect(test.service('a/first')).toEqual({ host: test.host, hasToken: false });
  });

  test('is not known before the registry said so', async () => {
    await using test = await scene();
    expect(test.service('a/second')).toBeUndefined();
    test.given('old', 'a/second', 'two');
    await test.list('a/second');
    expect(test.service('a/second')).toBeUndefined();
    test.pass(60_000);
    test.fails('old', 'a/second', 503);
    test.asked('a/second', test.challenge('old'));
    await failureOf(test.list('a/second'));
    expect(test.service('a/second')).toEqual({ host: test.host, hasToken: false });
    test.verify();
  });

  test('is none of a repository that was read without', async () => {
    await using test = await scene();
    test.fails('old', 'open/app', 503);
    test.asked('open/app', tags);
    await test.list('open/app');
    expect(test.service('open/app')).toBeUndefined();
  });
});

test('of names that clients made up only the newest are remembered', async () => {
  // In this process: over a socket a thousand names take a second.
  const registry = new URL('https://registry.test/');
  const challenge = `Bearer realm="${registry.href}token"`;
  const { upstream, at } = clientOf(registry, {
    fetch: async (url, { headers }) => {
      const { pathname, searchParams } = new URL(url);
      if (pathname === '/token') {
        const isFirst = searchParams.get('scope') === 'repository:a/first:pull';
        return isFirst ? Response.json({ token: 'one' }) : new Response('', { status: 404 });
      }
      if (headers.authorization !== undefined) return new Response(tags.body);
      return new Response('', { status: 401, headers: { 'www-authenticate': challenge } });
    },
  });
  await upstream.listTags(at('a/first'));
  expect(upstream.tokenServiceOf('a/first')).toBeDefined();
  for (let i = 0; i < 1000; i++) await failureOf(upstream.listTags(at(`x/${i}`)));
  expect(upstream.tokenServiceOf('a/first')).toBeUndefined();
  expect(upstream.tokenServiceOf('x/999')).toBeDefined();
});
