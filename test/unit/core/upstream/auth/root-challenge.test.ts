import { expect, test } from 'vitest';
import { clientOf, startScripted } from '../scripted-server.ts';

const credentials = { username: 'me', password: 'secret' };
const basic = { authorization: `Basic ${btoa('me:secret')}` };
const bare = { authorization: undefined };
const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };
const listOf = (name: string) => `/v2/${name}/tags/list?n=1000`;
const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };

test.each([403, 404])('a repository hidden by %i is read with the credentials', async (status) => {
  await using server = await startScripted(
    { path: listOf('open/a'), needs: bare, answer: tags, times: 2 },
    { path: listOf('private/a'), needs: bare, answer: { status } },
    { path: '/v2/', needs: bare, answer: challenge },
    { path: listOf('private/a'), needs: basic, answer: tags, times: 2 },
    { path: listOf('private/b'), needs: bare, answer: { status } },
    { path: listOf('private/b'), needs: basic, answer: tags },
  );
  const { upstream, at } = clientOf(server.url, { credentials });
  for (const name of ['open/a', 'private/a', 'private/a', 'private/b', 'open/a']) {
    expect(await upstream.listTags(at(name))).toEqual(found);
  }
  server.verify();
});

test('with a token, where /v2/ names a token service', async () => {
  await using server = await startScripted();
  const realm = `Bearer realm="${server.url.href}token"`;
  const scope = encodeURIComponent('repository:private/a:pull');
  server.expect(
    { path: listOf('private/a'), needs: bare, answer: { status: 404 } },
    { path: '/v2/', answer: { status: 401, headers: { 'www-authenticate': realm } } },
    { path: `/token?scope=${scope}`, needs: basic, answer: { body: '{"token":"one"}' } },
    { path: listOf('private/a'), needs: { authorization: 'Bearer one' }, answer: tags },
  );
  const { upstream, at } = clientOf(server.url, { credentials });
  expect(await upstream.listTags(at('private/a'))).toEqual(found);
  server.verify();
});

test('/v2/ is asked once for what is absent, and not without credentials', async () => {
  await using server = await startScripted(
    { path: listOf('not/there'), needs: bare, answer: { status: 404 }, times: 3 },
    { path: '/v2/', answer: { body: '{}' } },
  );
  const { upstream, at } = clientOf(server.url, { credentials });
  for (const _ of [1, 2]) {
    expect(await upstream.listTags(at('not/there'))).toEqual({ kind: 'absent' });
  }
  const anonymous = clientOf(server.url);
  expect(await anonymous.upstream.listTags(anonymous.at('not/there'))).toEqual({ kind: 'absent' });
  server.verify();
});

test('a failure of /v2/ changes nothing, and is not remembered', async () => {
  await using server = await startScripted(
    { path: listOf('private/a'), needs: bare, answer: { status: 404 }, times: 2 },
    { path: '/v2/', answer: { status: 503 } },
    { path: '/v2/', answer: challenge },
    { path: listOf('private/a'), needs: basic, answer: tags },
  );
  const { upstream, at } = clientOf(server.url, { credentials });
  expect(await upstream.listTags(at('private/a'))).toEqual({ kind: 'absent' });
  expect(await upstream.listTags(at('private/a'))).toEqual(found);
  server.verify();
});
