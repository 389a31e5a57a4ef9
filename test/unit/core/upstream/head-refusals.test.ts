import { expect, test } from 'vitest';
import { mediaType } from '../../../../functions/core/oci/media-type.ts';
import { clientOf, digestFor, type ScriptedServer, startScripted } from './scripted-server.ts';

const tag = { kind: 'tag', tag: '1' } as const;
const layer = digestFor('layer');
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: layer, size: 5 };
const body = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaType.ociManifest,
  config,
  layers: [],
});
const manifest = { headers: { 'content-type': mediaType.ociManifest }, body };
const pathOf = (name: string) => `/v2/${name}/manifests/1`;

function challenge(server: ScriptedServer, more = '') {
  const realm = `Bearer realm="${server.url.href}token",scope="aws"${more}`;
  return { status: 401, headers: { 'www-authenticate': realm } };
}

/** A token as Docker Hub grants. */
function jwt(access: unknown): string {
  return `e30.${btoa(JSON.stringify({ access })).replaceAll('=', '')}.c2ln`;
}

/** A registry that grants `token` for everything. */
async function scene(token = 'opaque') {
  const server = await startScripted();
  const answer = { body: JSON.stringify({ token, expires_in: 3600 }) };
  server.expect({ path: '/token?scope=aws', answer, times: Number.POSITIVE_INFINITY });
  let now = 0;
  const client = clientOf(server.url, { now: () => now });
  const refuse = (method: 'GET' | 'HEAD', name: string, more = '') =>
    server.expect({ method, path: pathOf(name), answer: challenge(server, more), times: 2 });
  return {
    server,
    refuse,
    head: (name: string) => client.upstream.headManifest(client.at(name), tag),
    get: (name: string) => client.upstream.getManifest(client.at(name), tag),
    headBlob: (name: string) => client.upstream.headBlob(client.at(name), layer),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test('a 401 to HEAD despite a good token: GET tells, and for an hour the token stays', async () => {
  await using test = await scene();
  test.refuse('HEAD', 'a/b');
  expect(await test.head('a/b')).toEqual({ kind: 'unsupported' });
  test.server.expect({ path: pathOf('a/b'), answer: manifest });
  expect(await test.get('a/b')).toMatchObject({ kind: 'found' });
  for (const name of ['a/b', 'a/c']) {
    test.server.expect({ method: 'HEAD', path: pathOf(name), answer: challenge(test.server) });
    expect(await test.head(name)).toEqual({ kind: 'unsupported' });
  }
  // A private repository among the public ones changes nothing.
  test.refuse('GET', 'a/c');
  expect(await test.get('a/c')).toEqual({ kind: 'denied' });
  test.server.expect({ method: 'HEAD', path: pathOf('a/d'), answer: challenge(test.server) });
  expect(await test.head('a/d')).toEqual({ kind: 'unsupported' });
  test.pass(3_600_000);
  test.refuse('HEAD', 'a/d');
  expect(await test.head('a/d')).toEqual({ kind: 'unsupported' });
});

test('where GET is refused as well, HEAD is believed for a minute', async () => {
  await using test = await scene();
  test.refuse('HEAD', 'a/b');
  expect(await test.head('a/b')).toEqual({ kind: 'unsupported' });
  test.refuse('GET', 'a/b');
  expect(await test.get('a/b')).toEqual({ kind: 'denied' });
  test.refuse('HEAD', 'a/c');
  expect(await test.head('a/c')).toEqual({ kind: 'denied' });
  test.pass(60_000);
  test.refuse('HEAD', 'a/d');
  expect(await test.head('a/d')).toEqual({ kind: 'unsupported' });
});

test('a token that the registry calls insufficient is not good: no GET', async () => {
  await using test = await scene();
  test.refuse('HEAD', 'not/there', ',error="insufficient_scope"');
  expect(await test.head('not/there')).toEqual({ kind: 'denied' });
});

test('neither is a token that opens nothing, as Docker Hub gives for what does not exist', async () => {
  await using test = await scene(jwt([]));
  test.refuse('HEAD', 'not/there');
  expect(await test.head('not/there')).toEqual({ kind: 'denied' });
});

test.each([
  [true, 'opaque', 'repository:a/b:pull', 'denied'],
  [true, jwt([]), 'aws', 'denied'],
  [true, jwt([{ type: 'repository', name: 'a/b', actions: [] }]), 'aws', 'denied'],
  [
    true,
    jwt([{ type: 'repository', name: 'a/b', actions: ['pull'] }]),
    'repository:a/b:pull',
    'unsupported',
  ],
  [true, 'opaque', 'aws', 'unsupported'],
  [true, 'opaque', undefined, 'unsupported'],
  [false, 'opaque', 'repository:a/b:pull', 'unsupported'],
])(
  'a registry known for HEAD: %s, the token %s for %s: %s',
  async (answersHead, token, scope, kind) => {
    await using server = await startScripted();
    const wanted = scope === undefined ? '' : `,scope="${scope}"`;
    const realm = `Bearer realm="${server.url.href}token"${wanted}`;
    const answer = { status: 401, headers: { 'www-authenticate': realm } };
    const asked = encodeURIComponent(scope ?? 'repository:a/b:pull');
    server.expect(
      { path: `/token?scope=${asked}`, answer: { body: JSON.stringify({ token }) }, times: 2 },
      { method: 'HEAD', path: pathOf('a/b'), answer, times: 2 },
    );
    const { upstream, at } = clientOf(server.url, { answersHead });
    expect(await upstream.headManifest(at('a/b'), tag)).toEqual({ kind });
  },
);

test('a blob is looked for by GET', async () => {
  await using test = await scene();
  const path = `/v2/a/b/blobs/${layer}`;
  test.server.expect(
    { method: 'HEAD', path, answer: challenge(test.server), times: 2 },
    { path, answer: { body: 'layer' } },
  );
  expect(await test.headBlob('a/b')).toEqual({ kind: 'found', size: 5 });
});
