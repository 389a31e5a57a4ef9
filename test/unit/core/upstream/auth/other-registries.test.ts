import { expect, test } from 'vitest';
import { clientOf, digestFor, type ScriptedServer, startScripted } from '../scripted-server.ts';

const credentials = { username: 'me', password: 'secret' };
const basic = `Basic ${btoa('me:secret')}`;
const tags = { body: '{"tags":["1"]}' };
const found = { kind: 'found', tags: ['1'] };
const path = '/v2/a/b/tags/list?n=1000';
const far = '/v2/owner/b/tags/list';
const bare = { authorization: undefined };
const bearer = { authorization: 'Bearer one' };

/** A registry with a token service, which another one redirects to. */
async function startOther() {
  const away = await startScripted();
  const realm = `Bearer realm="${away.url.href}token",service="away",scope="repository:owner/b:pull"`;
  const challenge = { status: 401, headers: { 'www-authenticate': realm } };
  const token = {
    path: `/token?service=away&scope=${encodeURIComponent('repository:owner/b:pull')}`,
    needs: bare,
    answer: { body: '{"token":"one","expires_in":60}' },
  };
  return Object.assign(away, { challenge, token });
}

function redirectTo(away: ScriptedServer, where: string) {
  return { status: 307, headers: { location: new URL(where, away.url).href } };
}

test('another registry gets an anonymous token of its own service, which is used again', async () => {
  await using away = await startOther();
  await using server = await startScripted({ path, answer: redirectTo(away, far), times: 3 });
  away.expect({ path: far, needs: bare, answer: away.challenge }, away.token, {
    path: far,
    needs: bearer,
    answer: tags,
    times: 2,
  });
  const { upstream, at } = clientOf(server.url, { credentials });
  expect(await upstream.listTags(at('a/b'))).toEqual(found);
  expect(await upstream.listTags(at('a/b'))).toEqual(found);
  server.verify();
  away.verify();
  expect(away.seen.some(({ headers }) => headers.authorization === basic)).toBe(false);
});

test('its challenge is answered once: then the repository is denied', async () => {
  await using away = await startOther();
  await using server = await startScripted({ path, answer: redirectTo(away, far), times: 2 });
  away.expect({ path: far, needs: bare, answer: away.challenge }, away.token, {
    path: far,
    needs: bearer,
    answer: away.challenge,
  });
  const { upstream, at } = clientOf(server.url);
  expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'denied' });
  server.verify();
  away.verify();
});

test('a token service that refuses the anonymous denies the repository', async () => {
  await using away = await startOther();
  await using server = await startScripted({ path, answer: redirectTo(away, far) });
  away.expect(
    { path: far, needs: bare, answer: away.challenge },
    { ...away.token, answer: { status: 403 } },
  );
  const { upstream, at } = clientOf(server.url, { credentials });
  expect(await upstream.listTags(at('a/b'))).toEqual({ kind: 'denied' });
  away.verify();
});

test('a client gets the redirect of the other registry, not one to it', async () => {
  const digest = digestFor('layer');
  const farBlob = `/v2/owner/b/blobs/${digest}`;
  await using away = await startOther();
  await using server = await startScripted({
    path: `/v2/a/b/blobs/${digest}`,
    answer: redirectTo(away, farBlob),
    times: 2,
  });
  const signed = 'http://cdn.example/layer?signature=1';
  away.expect({ path: farBlob, needs: bare, answer: away.challenge }, away.token, {
    path: farBlob,
    needs: bearer,
    answer: { status: 307, headers: { location: signed } },
  });
  const { upstream, at } = clientOf(server.url);
  expect(await upstream.locateBlob(at('a/b'), digest)).toEqual({ kind: 'redirect', url: signed });
  away.verify();
});
