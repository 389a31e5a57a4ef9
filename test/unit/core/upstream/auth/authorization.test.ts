import { describe, expect, test } from 'vitest';
import { clientOf, failureOf, startScripted } from '../scripted-server.ts';

const path = '/v2/a/b/tags/list?n=1000';
const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };
const scope = encodeURIComponent('repository:a/b:pull');
const credentials = { username: 'me', password: 'secret' };
const basic = `Basic ${btoa('me:secret')}`;

function refused(...challenges: string[]) {
  return { status: 401, headers: { 'www-authenticate': challenges } };
}

describe('authorization', () => {
  test('a refused token is replaced once', async () => {
    await using server = await startScripted();
    const bearer = `Bearer realm="${server.url.href}token"`;
    server.expect(
      { path, needs: { authorization: undefined }, answer: refused(bearer) },
      { path: `/token?scope=${scope}`, answer: { body: '{"token":"one"}' } },
      { path, needs: { authorization: 'Bearer one' }, answer: tags },
    );
    const { upstream, at } = clientOf(server.url);
    await upstream.listTags(at('a/b'));
    server.verify();
    server.expect(
      { path, needs: { authorization: 'Bearer one' }, answer: refused(bearer) },
      { path: `/token?scope=${scope}`, answer: { body: '{"token":"two"}' } },
      { path, needs: { authorization: 'Bearer two' }, answer: tags },
    );
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
  });

  test('a registry that refuses every token is asked twice, then it is denied', async () => {
    await using server = await startScripted();
    const bearer = `Bearer realm="${server.url.href}token"`;
    server.expect(
      { path, answer: refused(bearer), times: 2 },
      { path: `/token?scope=${scope}`, answer: { body: '{"token":"one"}' } },
    );
    const { upstream, at, calls } = clientOf(server.url);
    expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'denied' });
    server.verify();
    expect(calls.upstreamCalls).toBe(3);
  });

  test('a token made just now that is refused is not replaced', async () => {
    await using server = await startScripted();
    const bearer = `Bearer realm="${server.url.href}token"`;
    server.expect(
      { path, needs: { authorization: undefined }, answer: refused(bearer) },
      { path: `/token?scope=${scope}`, answer: { body: '{"token":"one"}' } },
      { path, needs: { authorization: 'Bearer one' }, answer: tags },
    );
    const { upstream, at } = clientOf(server.url);
    await upstream.listTags(at('a/b'));
    server.expect(
      {
        path: `/token?scope=${encodeURIComponent('repository:not/there:pull')}`,
        answer: { body: '{"token":"two"}' },
      },
      {
        path: '/v2/not/there/tags/list?n=1000',
        needs: { authorization: 'Bearer two' },
        answer: refused(bearer),
      },
    );
    expect(await upstream.listTags(at('not/there'))).toEqual({ kind: 'denied' });
    server.verify();
  });

  test('of Basic and Bearer the tokens are used, and the own scope of a registry', async () => {
    await using server = await startScripted();
    const line = `Basic realm="x", Bearer realm="${server.url.href}token/",service="s",scope="aws"`;
    server.expect(
      { path, needs: { authorization: undefined }, answer: refused(line) },
      {
        path: '/token/?service=s&scope=aws',
        needs: { authorization: basic },
        answer: { body: '{"token":"one"}' },
      },
      { path, needs: { authorization: 'Bearer one' }, answer: tags },
    );
    const { upstream, at } = clientOf(server.url, { credentials });
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
  });

  test('Basic is sent with credentials, then at once', async () => {
    await using server = await startScripted();
    server.expect(
      {
        path,
        needs: { authorization: undefined },
        answer: refused('Negotiate', 'Basic realm="x"'),
      },
      { path, needs: { authorization: basic }, answer: tags, times: 2 },
    );
    const { upstream, at } = clientOf(server.url, { credentials });
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
  });

  test('Basic credentials that are refused are an error', async () => {
    await using server = await startScripted();
    server.expect({ path, answer: refused('Basic realm="x"'), times: 2 });
    const { upstream, at } = clientOf(server.url, { credentials });
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect([failure.kind, failure.status]).toEqual(['credentials', 401]);
    server.verify();
  });

  test.each([['Basic realm="x"'], ['Negotiate'], ['%%%']])(
    'the anonymous are denied by %s, and the next repository is still asked',
    async (challenge) => {
      await using server = await startScripted();
      server.expect({ path, answer: refused(challenge), times: 2 });
      const { upstream, at } = clientOf(server.url);
      expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'denied' });
      expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'denied' });
      server.verify();
    },
  );

  test.each([
    ['a Basic challenge', 'Basic realm="x"'],
    ['a realm elsewhere', 'Bearer realm="http://elsewhere.test/token"'],
  ])('%s of a host redirected to is not taken up', async (_, challenge) => {
    await using away = await startScripted();
    await using server = await startScripted({
      path,
      answer: { status: 307, headers: { location: `${away.url.href}far` } },
    });
    away.expect({ path: '/far', answer: refused(challenge) });
    const { upstream, at } = clientOf(server.url, { credentials });
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure).toMatchObject({ kind: 'unavailable', status: 401 });
    server.verify();
    away.verify();
  });

  test('a realm elsewhere is refused and gets nothing', async () => {
    await using elsewhere = await startScripted();
    await using server = await startScripted();
    const realm = `http://localhost:${elsewhere.url.port}/token`;
    server.expect({ path, answer: refused(`Bearer realm="${realm}"`), times: 2 });
    const { upstream, at } = clientOf(server.url, { credentials });
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure.kind).toBe('invalid');
    expect(failure.message).toContain('localhost');
    expect(elsewhere.seen).toEqual([]);
    // The same realm is good where it is configured.
    elsewhere.expect({
      path: `/token?scope=${scope}`,
      needs: { authorization: basic },
      answer: { body: '{"token":"one"}' },
    });
    server.expect({ path, needs: { authorization: 'Bearer one' }, answer: tags });
    const other = clientOf(server.url, { credentials, realms: ['localhost'] });
    expect(await other.upstream.listTags(other.at('a/b'))).toEqual(found);
  });

  test.each([
    ['is believed of a registry that is known to answer HEAD', true, scope, 'denied'],
    ['is not believed of another', false, scope, 'unsupported'],
    ['is not believed if the token opens all', true, 'aws', 'unsupported'],
  ])('a 401 to HEAD despite a token %s', async (_, answersHead, scope, kind) => {
    await using server = await startScripted();
    const wanted = decodeURIComponent(scope);
    const bearer = `Bearer realm="${server.url.href}token",scope="${wanted}"`;
    server.expect(
      { path: `/token?scope=${scope}`, answer: { body: '{"token":"opaque"}' } },
      { method: 'HEAD', path: '/v2/a/b/manifests/1', answer: refused(bearer), times: 2 },
    );
    const { upstream, at } = clientOf(server.url, { answersHead });
    expect(await upstream.headManifest(at('a/b'), { kind: 'tag', tag: '1' })).toEqual({ kind });
    server.verify();
  });
});
