import { expect, test } from 'vitest';
import { clientOf, startScripted } from './scripted-server.ts';

const before = '/hub-proxy/v2/a/b/tags/list?n=1000';
const after = '/v2/hub-proxy/a/b/tags/list?n=1000';
const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };
const page = { headers: { 'content-type': 'text/html' }, body: '<html>' };
const gone = { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' };
const api = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };

test.each([
  ['404', gone],
  ['a web page', page],
])('a path that is the place of the repositories is found out after %s', async (_, answer) => {
  await using server = await startScripted(
    { path: before, answer, times: 2 },
    { path: '/hub-proxy/v2/', answer },
    { path: '/v2/', answer: api },
    { path: after, answer: tags, times: 3 },
  );
  const { upstream, at } = clientOf(new URL('/hub-proxy', server.url));
  const list = () => upstream.listTags(at('a/b'));
  expect(await Promise.all([list(), list()])).toEqual([found, found]);
  expect(await list()).toEqual(found);
  server.verify();
});

test('a path before /v2/ stays there, and nothing is asked once something was found', async () => {
  await using server = await startScripted(
    { path: before, answer: gone },
    { path: '/hub-proxy/v2/', answer: api },
    { path: before, answer: gone },
  );
  const { upstream, at } = clientOf(new URL('/hub-proxy', server.url));
  for (const _ of [1, 2]) expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'absent' });
  server.verify();
  await using other = await startScripted(
    { path: before, answer: tags },
    { path: before, answer: gone },
  );
  const { upstream: good, at: there } = clientOf(new URL('/hub-proxy/', other.url));
  expect(await good.listTags(there('a/b'))).toEqual(found);
  expect(await good.listTags(there('a/b'))).toEqual({ kind: 'absent' });
  other.verify();
});

test('without a registry at either place it is tried again after a minute', async () => {
  let now = 0;
  await using server = await startScripted(
    { path: before, answer: gone, times: 3 },
    { path: '/hub-proxy/v2/', answer: page, times: 2 },
    { path: '/v2/', answer: { status: 503 } },
    { path: '/v2/', answer: { body: '{}' } },
    { path: after, answer: tags },
  );
  const { upstream, at } = clientOf(new URL('/hub-proxy', server.url), { now: () => now });
  for (const _ of [1, 2]) expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'absent' });
  now = 60_000;
  expect(await upstream.listTags(at('a/b'))).toEqual(found);
  server.verify();
});

test('the URL of a registry without a path needs no such request', async () => {
  await using server = await startScripted({ path: '/v2/a/b/tags/list?n=1000', answer: gone });
  const { upstream, at } = clientOf(server.url);
  expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'absent' });
  server.verify();
});
