import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import { maxManifestBytes } from '../../../../functions/core/oci/manifest.ts';
import { acceptManifests, mediaType } from '../../../../functions/core/oci/media-type.ts';
import type { Reference } from '../../../../functions/core/oci/reference.ts';
import { clientOf, digestFor, failureOf, startScripted } from './scripted-server.ts';

const zeros = `sha256:${'0'.repeat(64)}`;
const body = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaType.ociManifest,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: zeros, size: 2 },
  layers: [],
});
const digest = digestFor(body);
const tag: Reference = { kind: 'tag', tag: '1' };
const byDigest: Reference = { kind: 'digest', digest };
const tagPath = '/v2/a/b/manifests/1';
const digestPath = `/v2/a/b/manifests/${digest}`;
const typed = { 'content-type': mediaType.ociManifest };
const stated = { ...typed, 'docker-content-digest': digest };

describe('GET manifest', () => {
  test('gives the bytes as they came, and tells of the rate limit', async () => {
    await using server = await startScripted({
      path: tagPath,
      needs: { accept: acceptManifests },
      answer: {
        body,
        headers: {
          ...stated,
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '99;w=21600',
        },
      },
    });
    const { upstream, at, events } = clientOf(server.url);
    const got = await upstream.getManifest(at('a/b'), tag);
    if (got.kind !== 'found') throw new Error(got.kind);
    expect({ ...got.manifest, bytes: Buffer.from(got.manifest.bytes).toString() }).toEqual({
      digest,
      mediaType: mediaType.ociManifest,
      bytes: body,
    });
    expect(events).toContainEqual({
      kind: 'rate-limit',
      registry: 'test.example',
      credentials: 'anonymous',
      rate: { limit: 100, remaining: 99, windowSeconds: 21_600 },
    });
  });

  test('a 429 tells of the rate limit too', async () => {
    await using server = await startScripted({
      path: tagPath,
      answer: {
        status: 429,
        headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' },
      },
    });
    const { upstream, at, events } = clientOf(server.url);
    expect((await failureOf(upstream.getManifest(at('a/b'), tag))).kind).toBe('limited');
    expect(events).toMatchObject([
      { kind: 'upstream-request', status: 429 },
      { kind: 'rate-limit', rate: { remaining: 0 } },
    ]);
  });

  test.each<[string, Record<string, string>]>([
    ['missing digest', typed],
    ['digest that is none', { ...typed, 'docker-content-digest': 'W/"1"' }],
    ['generic type', { 'content-type': 'application/json; charset=utf-8' }],
  ])('a %s is made up for', async (_case, headers) => {
    await using server = await startScripted({ path: tagPath, answer: { body, headers } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.getManifest(at('a/b'), tag)).toMatchObject({
      manifest: { digest, mediaType: mediaType.ociManifest },
    });
  });

  test('sha512 is verified as asked', async () => {
    const long = `sha512:${createHash('sha512').update(body).digest('hex')}` as Digest;
    await using server = await startScripted({
      path: `/v2/a/b/manifests/${long}`,
      answer: { body, headers: stated },
    });
    const { upstream, at } = clientOf(server.url);
    const reference = { kind: 'digest', digest: long } as const;
    expect(await upstream.getManifest(at('a/b'), reference)).toMatchObject({
      manifest: { digest: long },
    });
  });

  test('redirects are followed, also to another host', async () => {
    await using away = await startScripted({
      path: '/far/1',
      needs: { accept: acceptManifests },
      answer: { body, headers: { ...stated, 'ratelimit-limit': '1', 'ratelimit-remaining': '0' } },
    });
    await using server = await startScripted({
      path: tagPath,
      answer: { status: 307, headers: { location: `${away.url.href}far/1` } },
    });
    const { upstream, at, events } = clientOf(server.url);
    expect(await upstream.getManifest(at('a/b'), tag)).toMatchObject({ manifest: { digest } });
    // The other host's limit is not this registry's.
    expect(events.map(({ kind }) => kind)).toEqual(['upstream-request']);
  });

  test.each([401, 403])('%i of another host is about its signature', async (status) => {
    await using away = await startScripted({ path: '/signed', answer: { status } });
    await using server = await startScripted({
      path: tagPath,
      answer: { status: 307, headers: { location: `${away.url.href}signed` } },
    });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.getManifest(at('a/b'), tag));
    expect(failure).toMatchObject({ kind: 'unavailable', status });
  });

  test('404 of another host is absent', async () => {
    await using away = await startScripted({ path: '/far', answer: { status: 404 } });
    await using server = await startScripted({
      path: tagPath,
      answer: { status: 307, headers: { location: `${away.url.href}far` } },
    });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.getManifest(at('a/b'), tag)).toEqual({ kind: 'absent' });
  });

  test.each<[string, string, { body: string; headers: Record<string, string> }]>([
    ['other bytes than the digest', digestPath, { body: `${body} `, headers: typed }],
    [
      'a wrong digest stated',
      tagPath,
      {
        body,
        headers: { ...typed, 'docker-content-digest': zeros },
      },
    ],
    [
      'a wrong digest stated for right bytes',
      digestPath,
      {
        body,
        headers: { ...typed, 'docker-content-digest': zeros },
      },
    ],
    ['a web page', tagPath, { body: '<html>', headers: { 'content-type': 'text/html' } }],
    [
      'an error with status 200',
      tagPath,
      {
        body: '{"errors":[]}',
        headers: { 'content-type': 'application/json' },
      },
    ],
    [
      'schema 1',
      tagPath,
      {
        body: '{"schemaVersion":1,"fsLayers":[]}',
        headers: {
          'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
        },
      },
    ],
    ['too many bytes', tagPath, { body: body.padEnd(maxManifestBytes + 1), headers: typed }],
  ])('%s is invalid', async (_case, path, answer) => {
    await using server = await startScripted({ path, answer });
    const { upstream, at } = clientOf(server.url);
    const reference = path === tagPath ? tag : byDigest;
    const failure = await failureOf(upstream.getManifest(at('a/b'), reference));
    expect(failure.kind).toBe('invalid');
  });
});

test.each(['prettyjws', 'json'])('schema 1 as %s is named in the error', async (form) => {
  const type = `application/vnd.docker.distribution.manifest.v1+${form}`;
  const answer = { body: '{"schemaVersion":1,"fsLayers":[]}', headers: { 'content-type': type } };
  await using server = await startScripted({ path: tagPath, answer });
  const { upstream, at } = clientOf(server.url);
  const failure = await failureOf(upstream.getManifest(at('a/b'), tag));
  expect(failure.message).toContain('a manifest of schema 1, which is not mirrored');
});

describe('HEAD manifest', () => {
  test.each<[string, Reference, Record<string, string>, object]>([
    ['a tag', tag, stated, { digest, mediaType: mediaType.ociManifest, size: body.length }],
    ['no digest stated', tag, typed, { digest: undefined }],
    [
      'a type with parameters',
      tag,
      { 'content-type': 'Text/Plain; charset=x' },
      {
        mediaType: 'text/plain',
      },
    ],
    ['a length of 0', tag, { ...stated, 'content-length': '0' }, { size: undefined }],
    ['a digest', byDigest, typed, { digest }],
  ])('%s', async (_case, reference, headers, expected) => {
    await using server = await startScripted({
      method: 'HEAD',
      path: reference.kind === 'tag' ? tagPath : digestPath,
      needs: { accept: acceptManifests },
      answer: { body, headers },
    });
    const { upstream, at } = clientOf(server.url);
    const head = await upstream.headManifest(at('a/b'), reference);
    expect(head).toMatchObject({ kind: 'found', ...expected });
  });

  test.each([405, 501])('%i is unsupported', async (status) => {
    await using server = await startScripted({ method: 'HEAD', path: tagPath, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headManifest(at('a/b'), tag)).toEqual({ kind: 'unsupported' });
  });

  test('a redirect signed for GET is unsupported', async () => {
    await using away = await startScripted({
      method: 'HEAD',
      path: '/signed',
      answer: { status: 403 },
    });
    await using server = await startScripted({
      method: 'HEAD',
      path: tagPath,
      answer: { status: 307, headers: { location: `${away.url.href}signed` } },
    });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headManifest(at('a/b'), tag)).toEqual({ kind: 'unsupported' });
  });

  test('401 of another host is about its signature, not about the repository', async () => {
    await using away = await startScripted({
      method: 'HEAD',
      path: '/signed',
      answer: { status: 401 },
    });
    await using server = await startScripted({
      method: 'HEAD',
      path: tagPath,
      answer: { status: 307, headers: { location: `${away.url.href}signed` } },
    });
    const { upstream, at } = clientOf(server.url);
    const failure = await failureOf(upstream.headManifest(at('a/b'), tag));
    expect(failure).toMatchObject({ kind: 'unavailable', status: 401 });
  });

  test('another digest than asked for is invalid', async () => {
    await using server = await startScripted({
      method: 'HEAD',
      path: digestPath,
      answer: { body, headers: { ...typed, 'docker-content-digest': zeros } },
    });
    const { upstream, at } = clientOf(server.url);
    expect((await failureOf(upstream.headManifest(at('a/b'), byDigest))).kind).toBe('invalid');
  });

  test.each([
    [404, 'absent'],
    [403, 'denied'],
  ])('%i is %s', async (status, kind) => {
    await using server = await startScripted({ method: 'HEAD', path: tagPath, answer: { status } });
    const { upstream, at } = clientOf(server.url);
    expect(await upstream.headManifest(at('a/b'), tag)).toEqual({ kind });
  });
});
