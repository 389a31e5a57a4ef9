import { describe, expect, test } from 'vitest';
import { startRaw } from './raw-server.ts';
import { clientOf, failureOf, startScripted } from './scripted-server.ts';

const path = '/v2/a/b/tags/list?n=1000';
const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };

function redirect(location: string, status = 307) {
  return { status, headers: { location }, body: 'moved' };
}

describe('request', () => {
  test('asks for bytes as they are, says who asks, goes below the prefix', async () => {
    await using server = await startScripted({
      path: `/prefix${path}`,
      needs: { 'accept-encoding': 'identity', 'user-agent': 'pullfront/0' },
      answer: tags,
    });
    const { upstream, at, calls, events } = clientOf(new URL('/prefix/', server.url));
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
    expect(calls.upstreamCalls).toBe(1);
    expect(events).toEqual([
      {
        kind: 'upstream-request',
        registry: 'test.example',
        purpose: 'tags',
        method: 'GET',
        name: 'a/b',
        status: 200,
        milliseconds: expect.any(Number),
      },
    ]);
  });

  test.each([
    ['https://harbor.example/v2/hub-proxy', '/v2/hub-proxy/a/b/tags/list', 'hub-proxy/a/b'],
    [
      'https://art.example/api/docker/v2/one/two/',
      '/api/docker/v2/one/two/a/b/tags/list',
      'one/two/a/b',
    ],
    ['https://art.example/api/docker/remote', '/api/docker/remote/v2/a/b/tags/list', 'a/b'],
    ['https://host.example/v2x/remote/', '/v2x/remote/v2/a/b/tags/list', 'a/b'],
  ])('%s: asks for %s, with a token for %s', async (configured, place, scope) => {
    await using server = await startScripted();
    const { pathname } = new URL(configured);
    const challenge = `Bearer realm="${server.url.href}token",scope="repository:x:pull"`;
    server.expect(
      {
        path: `${place}?n=1000`,
        answer: { status: 401, headers: { 'www-authenticate': challenge } },
      },
      {
        path: `/token?scope=${encodeURIComponent(`repository:${scope}:pull`)}`,
        answer: { body: '{"token":"t"}' },
      },
      { path: `${place}?n=1000`, needs: { authorization: 'Bearer t' }, answer: tags },
    );
    const { upstream, at } = clientOf(new URL(pathname, server.url));
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
  });

  test('keeps Authorization on the same origin, drops it on another and on the way back', async () => {
    await using away = await startScripted();
    await using server = await startScripted();
    const credentials = { username: 'me', password: 'secret' };
    const authorization = `Basic ${btoa('me:secret')}`;
    server.expect(
      {
        path,
        needs: { authorization: undefined },
        answer: {
          status: 401,
          headers: { 'www-authenticate': 'Basic realm="x"' },
        },
      },
      { path, needs: { authorization }, answer: redirect('/near', 302) },
      { path: '/near', needs: { authorization }, answer: redirect(`${away.url.href}far`, 301) },
      { path: '/back', needs: { authorization: undefined }, answer: tags },
    );
    away.expect({
      path: '/far',
      needs: { authorization: undefined },
      answer: redirect(`${server.url.href}back`, 308),
    });
    const { upstream, at, calls, events } = clientOf(server.url, { credentials });
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
    server.verify();
    away.verify();
    expect([calls.upstreamCalls, events.length]).toEqual([2, 2]);
  });

  test('follows five redirects and no more', async () => {
    await using server = await startScripted({ path, answer: redirect('/1') });
    for (let hop = 1; hop < 6; hop++) {
      server.expect({ path: `/${hop}`, answer: redirect(`/${hop + 1}`) });
    }
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure.kind).toBe('invalid');
    server.verify();
    server.expect({ path, answer: redirect('/4') }, { path: '/4', answer: redirect('/5') });
    server.expect({ path: '/5', answer: tags });
    expect(await upstream.listTags(at('a/b'))).toEqual(found);
  });

  test.each([
    ['https://registry.example/', 'http://cdn.example/x?sig=hidden'],
    ['https://registry.example/', 'ftp://cdn.example/x?sig=hidden'],
    ['http://registry.example/', 'http://me:hidden@cdn.example/x'],
    ['http://registry.example/', 'http://?hidden'],
  ])('%s may not redirect to %s', async (url, location) => {
    const asked: string[] = [];
    const { upstream, at } = clientOf(new URL(url), {
      fetch: async (target) => {
        asked.push(target);
        return new Response('moved', { status: 302, headers: { location } });
      },
    });
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure.kind).toBe('invalid');
    expect(failure.message).not.toContain('hidden');
    expect(asked).toHaveLength(1);
  });

  test.each<[string, object, string, number | undefined]>([
    ['seconds', { headers: { 'retry-after': '60' } }, 'Too Many Requests (HAP429).', 60],
    ['text of ghcr.io', {}, 'TOOMANYREQUESTS: retry-after: 3.2s, allowed: 44000/minute', 4],
    ['nothing', {}, '{"errors":[{"code":"TOOMANYREQUESTS"}]}', undefined],
  ])('429 with %s is limited', async (_case, headers, body, retryAfter) => {
    await using server = await startScripted({ path, answer: { status: 429, body, ...headers } });
    const { upstream, at, events } = clientOf(server.url);
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure).toMatchObject({ kind: 'limited', status: 429, retryAfter });
    expect(events).toMatchObject([{ status: 429 }]);
  });

  test.each([400, 418, 500, 502, 503, 504])('%i is unavailable', async (status) => {
    await using server = await startScripted({
      path,
      answer: { status, headers: { 'retry-after': '5' }, body: 'secret=1' },
    });
    const { upstream, at } = clientOf(server.url);
    // The first page of a list would be asked for with other values of n.
    const failure = await failureOf(upstream.listTags(at('a/b'), { next: '?n=1000' }));
    expect(failure).toMatchObject({ kind: 'unavailable', status, retryAfter: 5 });
    expect(failure.message).toBe(`test.example: tags of a/b: status ${status}`);
  });

  test.each([
    [404, 'absent'],
    [403, 'denied'],
    [401, 'denied'],
  ])('%i is %s', async (status, kind) => {
    await using server = await startScripted({ path, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.listTags(at('a/b'))).toEqual({ kind });
  });

  test.each([
    ['nothing', ''],
    ['half a header', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ])('a connection that ends after %s is unreachable', async (_case, text) => {
    await using server = await startRaw(text);
    const { upstream, at } = clientOf(server.url);
    expect((await failureOf(upstream.listTags(at('a/b')))).kind).toBe('unreachable');
  });

  test('nobody listening is unreachable', async () => {
    const server = await startScripted();
    await server[Symbol.asyncDispose]();
    const { upstream, at, calls, events } = clientOf(server.url);
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect([failure.kind, failure.message]).toEqual([
      'unreachable',
      `test.example: tags of a/b from ${new URL(server.url).host}: no connection`,
    ]);
    expect(events).toMatchObject([{ status: 'unreachable' }]);
    expect(calls.upstreamCalls).toBe(1);
  });

  test('no headers in time is a timeout, also after a redirect', async () => {
    await using server = await startScripted(
      { path, answer: redirect('/silent') },
      { path: '/silent', answer: { silent: true } },
    );
    const { upstream, at } = clientOf(server.url, { headersTimeout: 100 });
    const failure = await failureOf(upstream.listTags(at('a/b')));
    expect(failure.kind).toBe('timeout');
    expect(failure.message).toMatch(/no answer within \d+ ms \(headersTimeout\)$/);
    server.verify();
  });

  test.each([
    ['cut', 'unreachable'],
    ['stall', 'timeout'],
  ] as const)('a body that ends in a %s is %s', async (by, kind) => {
    await using server = await startScripted({
      path,
      answer: { ...tags, broken: { after: 5, by } },
    });
    const { upstream, at } = clientOf(server.url, { stallTimeout: 100 });
    expect((await failureOf(upstream.listTags(at('a/b')))).kind).toBe(kind);
  });
});
