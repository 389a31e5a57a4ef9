import { expect, test } from 'vitest';
import { digestFor } from '../unit/core/upstream/scripted-server.ts';
import { basic, challenge, scriptedRegistry, token } from './scripted-registry.ts';

// How the hosted registries differ from the specification, and from one another.

const body =
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
const digest = digestFor(body);
const type = 'application/vnd.oci.image.index.v1+json';
const stated = { 'content-type': type, 'docker-content-digest': digest };
/** A manifest's answer to HEAD or GET. */
const manifest = { headers: { ...stated, 'content-length': String(body.length) }, body };
const found = { kind: 'found', digest, mediaType: type, size: body.length };
const tag = (name: string) => ({ kind: 'tag', tag: name }) as const;
const pullScope = (name: string) => encodeURIComponent(`repository:${name}:pull`);

test('ghcr.io wants a token for public images, and redirects referrers to its web page', async () => {
  const url = 'https://ghcr.io/v2/owner/app';
  const realm =
    'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:owner/app:pull"';
  const page = 'https://github.com/-/v2/packages/container/package/owner%2Fapp';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://ghcr.io', answersHead: true },
    { request: `HEAD ${url}/manifests/1`, ...challenge(realm) },
    {
      request: `GET https://ghcr.io/token?service=ghcr.io&scope=${pullScope('owner/app')}`,
      ...token('one'),
    },
    { request: `HEAD ${url}/manifests/1`, authorization: 'Bearer one', ...manifest },
    {
      request: `GET ${url}/referrers/${digest}`,
      authorization: 'Bearer one',
      status: 303,
      headers: { location: page },
    },
  );
  expect(await upstream.headManifest(at('owner/app'), tag('1'))).toEqual(found);
  expect(await upstream.listReferrers(at('owner/app'), digest)).toEqual({ kind: 'unsupported' });
  verify();
});

test('quay.io offers Basic beside Bearer, refuses pages above 100, and has its own page tokens', async () => {
  const url = 'https://quay.io/v2/org/app/tags/list';
  const both =
    'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:org/app:pull", Basic realm="quay.io"';
  const authorization = 'Bearer robot';
  const next = '/v2/org/app/tags/list?next_page=gAAA%3D&n=100';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://quay.io', credentials: { username: 'org+robot', password: 'secret' } },
    { request: `GET ${url}?n=1000`, ...challenge(both) },
    {
      request: `GET https://quay.io/v2/auth?service=quay.io&scope=${pullScope('org/app')}`,
      authorization: basic('org+robot', 'secret'),
      ...token('robot'),
    },
    { request: `GET ${url}?n=1000`, authorization, status: 400, body: '{"errors":[]}' },
    {
      request: `GET ${url}?n=100`,
      authorization,
      headers: { link: `<${next}>; rel="next"` },
      body: '{"tags":["2","1"]}',
    },
    { request: `GET https://quay.io${next}`, authorization, body: '{"tags":["3"]}' },
  );
  const first = await upstream.listTags(at('org/app'));
  expect(first).toEqual({ kind: 'found', tags: ['2', '1'], next: '?next_page=gAAA%3D&n=100' });
  expect(await upstream.listTags(at('org/app'), { next: '?next_page=gAAA%3D&n=100' })).toEqual({
    kind: 'found',
    tags: ['3'],
  });
  verify();
});

test('nvcr.io names no service, and after a token expired another token service', async () => {
  const url = 'https://nvcr.io/v2/nvidia/cuda/manifests/12';
  const scope = 'repository:nvidia/cuda:pull';
  const page = '<html><h1>401 Authorization Required</h1></html>';
  const tokens = `GET https://nvcr.io/proxy_auth?scope=${pullScope('nvidia/cuda')}`;
  const later = `Bearer realm="https://authn.nvidia.com/token",service="registry",scope="${scope}",error="invalid_token"`;
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://nvcr.io' },
    {
      request: `HEAD ${url}`,
      ...challenge(`Bearer realm="https://nvcr.io/proxy_auth",scope="${scope}"`, page),
    },
    { request: tokens, ...token('one') },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...challenge(later, page) },
    { request: tokens, ...token('two') },
    { request: `HEAD ${url}`, authorization: 'Bearer two', ...manifest },
  );
  for (const _ of [1, 2]) {
    expect(await upstream.headManifest(at('nvidia/cuda'), tag('12'))).toEqual(found);
  }
  verify();
});

test('nvcr.io with an API key: the user is $oauthtoken; another service is not trusted at once', async () => {
  const url = 'https://nvcr.io/v2/nim/meta/llama/manifests/1';
  const credentials = { username: '$oauthtoken', password: 'key' };
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://nvcr.io', credentials },
    { request: `HEAD ${url}`, ...challenge('Bearer realm="https://nvcr.io/proxy_auth"') },
    {
      request: `GET https://nvcr.io/proxy_auth?scope=${pullScope('nim/meta/llama')}`,
      authorization: basic('$oauthtoken', 'key'),
      ...token('one'),
    },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
  );
  expect(await upstream.headManifest(at('nim/meta/llama'), tag('1'))).toEqual(found);
  verify();
  const other = scriptedRegistry(
    { url: 'https://nvcr.io', credentials },
    { request: `HEAD ${url}`, ...challenge('Bearer realm="https://authn.nvidia.com/token"') },
  );
  await expect(other.upstream.headManifest(other.at('nim/meta/llama'), tag('1'))).rejects.toThrow(
    'the token service at authn.nvidia.com is not trusted; add it to "realms"',
  );
});

test('dhi.io gives tokens of Docker Hub, and none to the anonymous', async () => {
  const url = 'https://dhi.io/v2/python/manifests/3';
  const realm =
    'Bearer realm="https://dhi.io/token",service="registry.docker.io",scope="repository:python:pull"';
  const tokens = `GET https://dhi.io/token?service=registry.docker.io&scope=${pullScope('python')}`;
  const anonymous = scriptedRegistry(
    { url: 'https://dhi.io' },
    { request: `HEAD ${url}`, ...challenge(realm) },
    { request: tokens, status: 401 },
  );
  const refused = await anonymous.upstream.headManifest(anonymous.at('python'), tag('3'));
  expect(refused).toEqual({ kind: 'denied' });
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://dhi.io', credentials: { username: 'me', password: 'pat' } },
    { request: `HEAD ${url}`, ...challenge(realm) },
    { request: tokens, authorization: basic('me', 'pat'), ...token('one') },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
  );
  expect(await upstream.headManifest(at('python'), tag('3'))).toEqual(found);
  verify();
});

test('docker.elastic.co has its token service on another host of its domain, and no `token`', async () => {
  const url = 'https://docker.elastic.co/v2/elasticsearch/elasticsearch/manifests/9';
  const name = 'elasticsearch/elasticsearch';
  const realm = `Bearer realm="https://docker-auth.elastic.co/auth",service="token-service",scope="repository:${name}:pull"`;
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://docker.elastic.co' },
    { request: `HEAD ${url}`, ...challenge(realm) },
    {
      request: `GET https://docker-auth.elastic.co/auth?service=token-service&scope=${pullScope(name)}`,
      ...token('one', 'access_token'),
    },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
  );
  expect(await upstream.headManifest(at(name), tag('9'))).toEqual(found);
  verify();
});

test('cgr.dev: a pull token has a user name with a slash, and layers come from another host', async () => {
  const url = `https://cgr.dev/v2/acme.com/node/blobs/${digest}`;
  const realm =
    'Bearer realm="https://cgr.dev/token",service="cgr.dev",scope="repository:acme.com/node:pull"';
  const signed = 'https://storage.example/layer?signature=1';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://cgr.dev', credentials: { username: 'org/token', password: 'secret' } },
    { request: `GET ${url}`, ...challenge(realm) },
    {
      request: `GET https://cgr.dev/token?service=cgr.dev&scope=${pullScope('acme.com/node')}`,
      authorization: basic('org/token', 'secret'),
      ...token('one'),
    },
    {
      request: `GET ${url}`,
      authorization: 'Bearer one',
      status: 307,
      headers: { location: signed },
    },
    {
      request: `GET ${url}`,
      authorization: 'Bearer one',
      status: 307,
      headers: { location: signed },
    },
    // Without the token.
    { request: `GET ${signed}`, body },
  );
  expect(await upstream.locateBlob(at('acme.com/node'), digest)).toEqual({
    kind: 'redirect',
    url: signed,
  });
  const opened = await upstream.openBlob(at('acme.com/node'), digest, { start: 0 });
  expect(opened.kind).toBe('found');
  verify();
});

test('registry.access.redhat.com wants no token, and may state no digest', async () => {
  const url = 'https://registry.access.redhat.com/v2/ubi9/ubi-minimal';
  const bare = { headers: { 'content-type': type, 'content-length': String(body.length) }, body };
  const next = '/v2/ubi9/ubi-minimal/tags/list?n=100&last=9.1';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://registry.access.redhat.com' },
    { request: `HEAD ${url}/manifests/9`, ...bare },
    { request: `GET ${url}/manifests/9`, ...bare },
    {
      request: `GET ${url}/tags/list?n=1000`,
      headers: { link: `<${next}>; rel="next"` },
      body: '{"tags":["9.0","9.1"]}',
    },
    {
      request: `GET ${url}/tags/list?n=100&last=9.1`,
      body: '{"tags":["9.2"]}',
    },
  );
  const remote = at('ubi9/ubi-minimal');
  // Without a digest only a GET tells what the tag names.
  const unnamed = { ...found, digest: undefined };
  expect(await upstream.headManifest(remote, tag('9'))).toEqual(unnamed);
  expect(await upstream.getManifest(remote, tag('9'))).toMatchObject({
    kind: 'found',
    manifest: { digest },
  });
  expect(await upstream.listTags(remote)).toMatchObject({ next: '?n=100&last=9.1' });
  expect(await upstream.listTags(remote, { next: '?n=100&last=9.1' })).toMatchObject({
    tags: ['9.2'],
  });
  verify();
});
