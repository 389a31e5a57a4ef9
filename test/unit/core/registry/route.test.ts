import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRegistryTarget, parseRoute } from '../../../../functions/core/registry/route.ts';
import { paths } from '../../../conformance/paths.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const component = fc.oneof(
  fc.stringMatching(/^[a-z0-9]{1,6}$/),
  fc.constantFrom('manifests', 'blobs', 'tags', 'referrers', 'uploads', 'list', 'v2', 'a.b'),
);
const name = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
// A prefix ends where the first /v2 begins, so it cannot have one itself.
const prefix = fc.oneof(
  fc.constant(''),
  name.filter((text) => !text.split('/').includes('v2')),
);
const reference = fc.oneof(fc.constant(digest), fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,8}$/));
const inFront = (text: string) => (text === '' ? '' : `/${text}`);

describe('route', () => {
  it('of a manifest is parsed with any name', () => {
    fc.assert(
      fc.property(prefix, name, reference, (prefix, name, reference) => {
        const route = parseRoute(`${inFront(prefix)}/v2/${name}/manifests/${reference}`);
        expect(route).toEqual({ kind: 'manifest', prefix, name, reference });
      }),
    );
  });

  it('of blobs, referrers and tags is parsed with any name', () => {
    fc.assert(
      fc.property(prefix, name, (prefix, name) => {
        const base = `${inFront(prefix)}/v2/${name}`;
        const withDigest = { prefix, name, reference: digest };
        expect(parseRoute(`${base}/blobs/${digest}`)).toEqual({ kind: 'blob', ...withDigest });
        expect(parseRoute(`${base}/referrers/${digest}`)).toEqual({
          kind: 'referrers',
          ...withDigest,
        });
        expect(parseRoute(`${base}/tags/list`)).toEqual({ kind: 'tags', prefix, name });
        expect(parseRoute(`${base}/blobs/uploads/`)).toEqual({ kind: 'upload' });
        expect(parseRoute(`${base}/blobs/uploads`)).toEqual({ kind: 'upload' });
        expect(parseRoute(`${base}/blobs/uploads/7b0c`)).toEqual({ kind: 'upload' });
      }),
    );
  });

  it('is the same with any characters percent-encoded', () => {
    const path = `/ghcr.io/v2/owner/app/manifests/${digest}`;
    fc.assert(
      fc.property(fc.array(fc.nat({ max: path.length - 1 })), (places) => {
        const encoded = [...path].map((character, at) => {
          if (character === '/' || !places.includes(at)) return character;
          return `%${character.charCodeAt(0).toString(16)}`;
        });
        expect(parseRoute(encoded.join(''))).toEqual(parseRoute(path));
      }),
    );
  });

  it.each(paths)('%s is read as a registry does', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
    expect(isRegistryTarget(`${path}?ns=docker.io`)).toBe(route.kind !== 'unknown');
  });

  it.each<[string, ReturnType<typeof parseRoute>]>([
    ['/v2', { kind: 'ping', prefix: '' }],
    ['/v2/', { kind: 'ping', prefix: '' }],
    ['/ghcr.io/v2', { kind: 'ping', prefix: 'ghcr.io' }],
    ['/ghcr.io/v2/', { kind: 'ping', prefix: 'ghcr.io' }],
    ['/v2/_catalog', { kind: 'catalog', prefix: '' }],
    ['/ghcr.io/v2/_catalog', { kind: 'catalog', prefix: 'ghcr.io' }],
    ['/v2/ghcr.io/_catalog', { kind: 'catalog', prefix: 'ghcr.io' }],
    ['/a/v2/b/_catalog', { kind: 'catalog', prefix: 'a/b' }],
    ['/v2/a%2Fb/manifests/c', { kind: 'malformed' }],
    ['/v2/a%2fb/manifests/c', { kind: 'malformed' }],
    ['/v2/%zz/manifests/c', { kind: 'malformed' }],
    ['/v2/%/manifests/c', { kind: 'malformed' }],
    ['/v2/%c3/manifests/c', { kind: 'malformed' }],
    ['/v2/../etc/passwd', { kind: 'unknown' }],
    ['/v2/a/../b/manifests/c', { kind: 'manifest', prefix: '', name: 'a/../b', reference: 'c' }],
    ['/v2//manifests/c', { kind: 'manifest', prefix: '', name: '', reference: 'c' }],
    ['/v2/manifests/c', { kind: 'manifest', prefix: '', name: '', reference: 'c' }],
  ])('%s is read', (path, route) => expect(parseRoute(path)).toEqual(route));

  it.each([
    '',
    '/',
    '//',
    '//v2',
    '//v2/',
    '//v2/a/manifests/b',
    'v2/',
    '*',
    '/v2x/',
    '/v1/',
    '/healthz',
    '/ui/a%2Fb',
    '/ui/%',
    '/v2/a',
    '/v2/a/',
    '/v2/a/manifests',
    '/v2/a/manifests/',
    '/v2/a/manifests/b/',
    '/v2/a/blobs/',
    '/v2/a/tags',
    '/v2/a/tags/list/',
    '/v2/a/tags/other',
    '/v2/_catalog/',
    'http://mirror.test/v2/',
  ])('%s is unknown', (path) => expect(parseRoute(path)).toEqual({ kind: 'unknown' }));

  it('is parsed from any text without throwing', () => {
    const parts = fc.array(
      fc.oneof(
        fc.constantFrom(
          '/',
          '//',
          'v2',
          '/v2/',
          '%',
          '%2',
          '%2F',
          '%41',
          '..',
          'blobs',
          'manifests',
        ),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(parts, (texts) => {
        expect(parseRoute(texts.join(''))).toHaveProperty('kind');
      }),
    );
  });

  it('is parsed quickly from the longest path that a server accepts', () => {
    // Milliseconds, also on a busy machine: a pattern that backtracks would take minutes.
    const started = performance.now();
    for (const piece of ['/', 'a/', '/v2', '%41', 'manifests/']) {
      parseRoute(`/v2/${piece.repeat(16_384 / piece.length)}`);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
