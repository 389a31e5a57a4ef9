import { describe, expect, test } from 'vitest';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';
import type { RemoteRepository, Upstream } from '../../../../functions/core/ports/upstream.ts';
import { clientOf, failureOf, registryError, startScripted } from './scripted-server.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
if (digest === undefined) throw new Error('not a digest');
const byTag = { kind: 'tag', tag: '1' } as const;
const html = { 'content-type': 'text/html' };
const text = { 'content-type': 'text/plain; charset=utf-8' };
const json = { 'content-type': 'application/json' };

type Ask = (upstream: Upstream, remote: RemoteRepository) => Promise<unknown>;

const asks: Readonly<Record<string, readonly [path: string, ask: Ask]>> = {
  'a manifest': ['/v2/a/b/manifests/1', (one, remote) => one.getManifest(remote, byTag)],
  'a blob': [
    `/v2/a/b/blobs/${digest}`,
    (one, remote) => one.openBlob(remote, digest, { start: 0 }),
  ],
  'the place of a blob': [
    `/v2/a/b/blobs/${digest}`,
    (one, remote) => one.locateBlob(remote, digest),
  ],
  tags: ['/v2/a/b/tags/list?n=1000', (one, remote) => one.listTags(remote)],
};

/** What stands in the place of a registry. */
const strangers: readonly (readonly [
  string,
  { status: number; headers: Record<string, string>; body: string },
])[] = [
  ['a router', { status: 404, headers: text, body: '404 page not found\n' }],
  ['a filter', { status: 403, headers: html, body: '<html>Blocked by policy</html>' }],
  ['a filter that says it is JSON', { status: 403, headers: json, body: '<html>Blocked</html>' }],
  ['a gateway', { status: 404, headers: json, body: '{"message":"no Route matched"}' }],
  ['a repository manager', { status: 404, headers: json, body: '{"errors":[{"status":404}]}' }],
  ['a proxy that wants a login', { status: 401, headers: html, body: '<html>Log in</html>' }],
  ['nothing but a status', { status: 404, headers: {}, body: ' ' }],
];

describe.each(Object.entries(asks))('GET of %s', (_, [path, ask]) => {
  test.each(strangers)('a refusal by %s is a failure', async (_name, answer) => {
    await using server = await startScripted({ path, answer });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(ask(upstream, at('a/b')));
    expect(failure).toMatchObject({ kind: 'unavailable', status: answer.status });
  });

  test.each([text, json, {}])(
    'a registry is recognized by its JSON, not by %o',
    async (headers) => {
      const answer = { status: 404, headers, body: registryError };
      await using server = await startScripted({ path, answer });
      const { upstream, at } = clientOf(server.url);
      expect(await ask(upstream, at('a/b'))).toEqual({ kind: 'absent' });
    },
  );
});

describe('HEAD of a manifest', () => {
  const path = '/v2/a/b/manifests/1';

  test.each(strangers.filter(([, { headers }]) => headers['content-type']?.startsWith('text/')))(
    'a refusal by %s has to be confirmed by GET',
    async (_name, { status, headers }) => {
      await using server = await startScripted({
        method: 'HEAD',
        path,
        answer: { status, headers },
      });
      const { upstream, at } = clientOf(server.url);
      expect(await upstream.headManifest(at('a/b'), byTag)).toEqual({ kind: 'unsupported' });
    },
  );

  test.each([json, {}])("a refusal of type %o is the registry's", async (headers) => {
    const answer = { status: 404, headers };
    await using server = await startScripted({ method: 'HEAD', path, answer });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headManifest(at('a/b'), byTag)).toEqual({ kind: 'absent' });
  });
});

test('HEAD of a blob that a router refuses is confirmed by GET', async () => {
  const path = `/v2/a/b/blobs/${digest}`;
  const answer = { status: 404, headers: text, body: 'no such page' };
  await using server = await startScripted({ method: 'HEAD', path, answer }, { path, answer });
  const { upstream, at } = clientOf(server.url);
  const failure = await failureOf(upstream.headBlob(at('a/b'), digest));
  expect(failure).toMatchObject({ kind: 'unavailable', status: 404 });
});

test('a page in the place of the token service is a failure', async () => {
  const path = '/v2/a/b/tags/list?n=1000';
  await using server = await startScripted();
  const challenge = { 'www-authenticate': `Bearer realm="${server.url.href}token"` };
  server.expect(
    { path, answer: { status: 401, headers: challenge } },
    {
      path: '/token?scope=repository%3Aa%2Fb%3Apull',
      answer: { status: 403, headers: html, body: '<html>Blocked</html>' },
    },
  );
  const { upstream, at } = clientOf(server.url);
  const failure = await failureOf(upstream.listTags(at('a/b')));
  expect(failure).toMatchObject({ kind: 'unavailable', status: 403 });
});
