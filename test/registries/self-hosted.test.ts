import { expect, test } from 'vitest';
import { digestFor, failureOf } from '../unit/core/upstream/scripted-server.ts';
import { basic, challenge, scriptedRegistry, token } from './scripted-registry.ts';

// Registries that are proxies of others: where their repositories are, and how they want to be asked.

const body =
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
const digest = digestFor(body);
const type = 'application/vnd.oci.image.index.v1+json';
const headers = {
  'content-type': type,
  'docker-content-digest': digest,
  'content-length': String(body.length),
};
const manifest = { headers, body };
const found = { kind: 'found', digest, mediaType: type, size: body.length };
const alpine = { kind: 'tag', tag: '3' } as const;
const credentials = { username: 'me', password: 'secret' };
const authorization = basic('me', 'secret');
const pullScope = (name: string) => encodeURIComponent(`repository:${name}:pull`);

test('Harbor: the project is a part of the name after /v2/, and of the scope', async () => {
  const url = 'https://harbor.example/v2/hub-proxy/library/alpine/manifests/3';
  const realm = 'Bearer realm="https://harbor.example/service/token",service="harbor-registry"';
  const robot = { username: 'robot$hub-proxy+mirror', password: 'secret' };
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://harbor.example/v2/hub-proxy', credentials: robot },
    { request: `HEAD ${url}`, ...challenge(realm) },
    {
      request: `GET https://harbor.example/service/token?service=harbor-registry&scope=${pullScope('hub-proxy/library/alpine')}`,
      authorization: basic('robot$hub-proxy+mirror', 'secret'),
      ...token('one'),
    },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  verify();
});

test('GitLab: the group and dependency_proxy/containers are a part of the name; it lists no tags', async () => {
  const url = 'https://gitlab.com/v2/acme/dependency_proxy/containers/library/alpine';
  const name = 'acme/dependency_proxy/containers/library/alpine';
  const realm = 'Bearer realm="https://gitlab.com/jwt/auth",service="dependency_proxy"';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://gitlab.com/v2/acme/dependency_proxy/containers', credentials },
    { request: `HEAD ${url}/manifests/3`, ...challenge(realm) },
    {
      request: `GET https://gitlab.com/jwt/auth?service=dependency_proxy&scope=${pullScope(name)}`,
      authorization,
      ...token('one'),
    },
    { request: `HEAD ${url}/manifests/3`, authorization: 'Bearer one', ...manifest },
    {
      request: `GET ${url}/tags/list?n=1000`,
      authorization: 'Bearer one',
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  // A page is not the registry's word that the repository does not exist.
  const failure = await failureOf(upstream.listTags(at('library/alpine')));
  expect(failure.kind).toBe('unavailable');
  verify();
});

const remote = 'https://art.example/artifactory/api/docker/docker-remote';
const realm = `Bearer realm="${remote}/v2/token",service="art.example"`;

test('Artifactory: the repository is before /v2/, as is its token service', async () => {
  const url = `${remote}/v2/library/alpine/manifests/3`;
  const { upstream, at, verify } = scriptedRegistry(
    { url: remote, credentials },
    { request: `HEAD ${url}`, ...challenge(realm) },
    {
      request: `GET ${remote}/v2/token?service=art.example&scope=${pullScope('library/alpine')}`,
      authorization,
      ...token('one'),
    },
    { request: `HEAD ${url}`, authorization: 'Bearer one', ...manifest },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  verify();
});

test('Artifactory by repository path: the repository is after /v2/', async () => {
  const url = 'https://art.example/v2/docker-remote/library/alpine/manifests/3';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://art.example/v2/docker-remote', credentials },
    { request: `HEAD ${url}`, ...challenge('Basic realm="Artifactory Realm"') },
    { request: `HEAD ${url}`, authorization, ...manifest },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  verify();
});

test('Artifactory behind a proxy that it does not know names itself by http: no password goes there', async () => {
  const url = `${remote}/v2/library/alpine/manifests/3`;
  const { upstream, at, verify } = scriptedRegistry(
    { url: remote, credentials },
    { request: `HEAD ${url}`, ...challenge(realm.replace('https:', 'http:')) },
  );
  const failure = await failureOf(upstream.headManifest(at('library/alpine'), alpine));
  expect(failure.message).toContain('the token service at art.example is not trusted');
  verify();
});

const nexus = 'https://nexus.example/repository/docker-hub';

test('Nexus with its Bearer realm gives the anonymous a token', async () => {
  const url = `${nexus}/v2/library/alpine/manifests/3`;
  const service = `${nexus}/v2/token`;
  const { upstream, at, verify } = scriptedRegistry(
    { url: nexus },
    { request: `HEAD ${url}`, ...challenge(`Bearer realm="${service}",service="${service}"`) },
    {
      request: `GET ${service}?service=${encodeURIComponent(service)}&scope=${pullScope('library/alpine')}`,
      ...token('DockerToken.0c41'),
    },
    { request: `HEAD ${url}`, authorization: 'Bearer DockerToken.0c41', ...manifest },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  verify();
});

test('Nexus without it wants Basic, in capitals, on the port of a repository', async () => {
  const url = 'https://nexus.example:8083/v2/library/alpine/manifests/3';
  const header = 'BASIC realm="Sonatype Nexus Repository Manager"';
  const { upstream, at, verify } = scriptedRegistry(
    { url: 'https://nexus.example:8083', credentials },
    { request: `HEAD ${url}`, ...challenge(header) },
    { request: `HEAD ${url}`, authorization, ...manifest },
  );
  expect(await upstream.headManifest(at('library/alpine'), alpine)).toEqual(found);
  verify();
  const anonymous = scriptedRegistry(
    { url: 'https://nexus.example:8083' },
    { request: `HEAD ${url}`, ...challenge(header) },
  );
  expect(await anonymous.upstream.headManifest(anonymous.at('library/alpine'), alpine)).toEqual({
    kind: 'denied',
  });
});
