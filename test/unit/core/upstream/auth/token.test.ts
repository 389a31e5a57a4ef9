import { describe, expect, test } from 'vitest';
import { clientOf, failureOf, type ScriptedServer, startScripted } from '../scripted-server.ts';

const scope = encodeURIComponent('repository:library/alpine:pull');
const tokenPath = `/token?service=registry&scope=${scope}`;
const tagsPath = '/v2/library/alpine/tags/list?n=1000';
const tags = { body: '{"tags":["1"]}' };

function challenge(server: ScriptedServer): string {
  return `Bearer realm="${server.url.href}token",service="registry",scope="repository:library/alpine:pull"`;
}

function refused(server: ScriptedServer) {
  return { status: 401, headers: { 'www-authenticate': challenge(server) }, body: 'no' };
}

function token(value: string, life?: number) {
  return {
    body: JSON.stringify({ token: value, ...(life !== undefined && { expires_in: life }) }),
  };
}

test('a token may come long after its headers', async () => {
  await using server = await startScripted();
  server.expect(
    { path: tagsPath, answer: refused(server) },
    { path: tokenPath, answer: { ...token('late'), bodyAfter: 1200 } },
    { path: tagsPath, needs: { authorization: 'Bearer late' }, answer: tags },
  );
  const { upstream, at } = clientOf(server.url, { headersTimeout: 1000 });
  expect(await upstream.listTags(at('library/alpine'))).toEqual({ kind: 'found', tags: ['1'] });
});

/** A client that already got token `one`, at 0 ms of its clock. */
async function clientWithToken(server: ScriptedServer, life?: number) {
  let time = 0;
  server.expect(
    { path: tagsPath, needs: { authorization: undefined }, answer: refused(server) },
    { path: tokenPath, answer: token('one', life) },
    { path: tagsPath, needs: { authorization: 'Bearer one' }, answer: tags },
  );
  const client = clientOf(server.url, { now: () => time });
  await client.upstream.listTags(client.at('library/alpine'));
  server.verify();
  const listAt = (milliseconds: number) => {
    time = milliseconds;
    return client.upstream.listTags(client.at('library/alpine'));
  };
  return { ...client, listAt };
}

describe('token', () => {
  test('after a challenge, then before each request', async () => {
    await using server = await startScripted();
    const { calls, events, listAt } = await clientWithToken(server, 300);
    expect(calls.upstreamCalls).toBe(3);
    expect(events.map((event) => event.kind === 'upstream-request' && event.purpose)).toEqual([
      'tags',
      'token',
      'tags',
    ]);
    server.expect({ path: tagsPath, needs: { authorization: 'Bearer one' }, answer: tags });
    await listAt(239_999);
    server.verify();
    expect(calls.upstreamCalls).toBe(4);
  });

  test('another repository of the registry gets its own, without a 401', async () => {
    await using server = await startScripted();
    const { upstream, at } = await clientWithToken(server);
    server.expect(
      {
        path: `/token?service=registry&scope=${encodeURIComponent('repository:a/b:pull')}`,
        answer: { body: '{"access_token":"other"}' },
      },
      { path: '/v2/a/b/tags/list?n=1000', needs: { authorization: 'Bearer other' }, answer: tags },
    );
    await upstream.listTags(at('a/b'));
    server.verify();
  });

  test('is replaced after 80 % of its life', async () => {
    await using server = await startScripted();
    const { listAt } = await clientWithToken(server, 300);
    server.expect(
      { path: tokenPath, answer: token('two', 300) },
      { path: tagsPath, needs: { authorization: 'Bearer two' }, answer: tags },
    );
    await listAt(240_000);
    server.verify();
  });

  test('lives 60 s when nothing is said', async () => {
    await using server = await startScripted();
    const { listAt } = await clientWithToken(server);
    server.expect({ path: tagsPath, needs: { authorization: 'Bearer one' }, answer: tags });
    await listAt(47_999);
    server.expect(
      { path: tokenPath, answer: token('two') },
      { path: tagsPath, needs: { authorization: 'Bearer two' }, answer: tags },
    );
    await listAt(48_000);
    server.verify();
  });

  test('is used on while the token service fails and it has not expired', async () => {
    await using server = await startScripted();
    const { listAt } = await clientWithToken(server, 300);
    server.expect(
      { path: tokenPath, answer: { status: 429, headers: { 'retry-after': '30' } } },
      { path: tagsPath, needs: { authorization: 'Bearer one' }, answer: tags, times: 2 },
    );
    await listAt(250_000);
    // Within the told wait the token service is left alone.
    await listAt(279_000);
    server.verify();
    // Without one the registry says whether it wants one, and of whom.
    server.expect(
      { path: tokenPath, answer: { status: 503 } },
      { path: tagsPath, needs: { authorization: undefined }, answer: refused(server) },
    );
    const failure = await failureOf(listAt(300_000));
    expect([failure.kind, failure.status]).toEqual(['unavailable', 503]);
    server.verify();
  });

  test('one request for 20 calls at once', async () => {
    await using server = await startScripted();
    const { upstream, calls, at } = await clientWithToken(server);
    const other = encodeURIComponent('repository:a/b:pull');
    server.expect(
      { path: `/token?service=registry&scope=${other}`, answer: token('shared') },
      {
        path: '/v2/a/b/tags/list?n=1000',
        needs: { authorization: 'Bearer shared' },
        answer: tags,
        times: 20,
      },
    );
    await Promise.all(Array.from({ length: 20 }, () => upstream.listTags(at('a/b'))));
    server.verify();
    expect(calls.upstreamCalls).toBe(3 + 1 + 20);
  });

  test('429 of the token service is limited, with its wait', async () => {
    await using server = await startScripted();
    server.expect(
      { path: tagsPath, answer: refused(server) },
      { path: tokenPath, answer: { status: 429, headers: { 'retry-after': '9' } } },
    );
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.listTags(at('library/alpine')));
    expect([failure.kind, failure.retryAfter]).toEqual(['limited', 9]);
  });

  test.each([401, 403])('%i is denied for the anonymous', async (status) => {
    await using server = await startScripted();
    server.expect(
      { path: tagsPath, answer: refused(server) },
      { path: tokenPath, needs: { authorization: undefined }, answer: { status } },
    );
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.listTags(at('library/alpine'))).toEqual({ kind: 'denied' });
    server.verify();
  });

  test('401 is an error of configured credentials, which it does not quote', async () => {
    await using server = await startScripted();
    const authorization = `Basic ${Buffer.from('me:pässword').toString('base64')}`;
    server.expect(
      { path: tagsPath, needs: { authorization: undefined }, answer: refused(server) },
      { path: tokenPath, needs: { authorization }, answer: { status: 401 } },
    );
    const credentials = { username: 'me', password: 'pässword' };
    const { upstream, at } = clientOf(server.url, { credentials });
    const failure = await failureOf(upstream.listTags(at('library/alpine')));
    expect(failure.kind).toBe('credentials');
    expect(`${failure.stack}${JSON.stringify(failure)}`).not.toMatch(/pässword|Basic/);
    server.verify();
  });

  test.each([
    ['no JSON', '<html>'],
    ['no token', '{}'],
    ['a token that fits no header', '{"token":"a\\nb"}'],
    ['more than is reasonable', `{"token":"good"}${' '.repeat(300_000)}`],
  ])('an answer with %s is invalid', async (_case, body) => {
    await using server = await startScripted();
    server.expect(
      { path: tagsPath, answer: refused(server) },
      { path: tokenPath, answer: { body } },
    );
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.listTags(at('library/alpine')));
    expect(failure.kind).toBe('invalid');
  });

  test.each([
    ['anonymous', undefined],
    ['with credentials', { username: 'u', password: 'p' }],
  ])(
    'a redirect of the token service to a host that refuses says nothing of us: %s',
    async (_who, credentials) => {
      await using away = await startScripted({
        path: '/far',
        needs: { authorization: undefined },
        answer: { status: 403 },
      });
      await using server = await startScripted();
      server.expect(
        { path: tagsPath, answer: refused(server) },
        { path: tokenPath, answer: { status: 307, headers: { location: `${away.url.href}far` } } },
      );
      const { upstream, at } = clientOf(server.url, credentials ? { credentials } : {});
      const failure = await failureOf(upstream.listTags(at('library/alpine')));
      expect(failure).toMatchObject({ kind: 'unavailable', status: 403 });
    },
  );
});
