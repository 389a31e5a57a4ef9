import type { Route } from '../../functions/core/registry/route.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const manifest = (prefix: string, name: string, reference: string) =>
  ({ kind: 'manifest', prefix, name, reference }) as const;

/** Paths with the route of each, legal ones first: what a router that splits at slashes misreads. */
export const paths: readonly (readonly [path: string, route: Route])[] = [
  ['/v2', { kind: 'ping', prefix: '' }],
  ['/v2/', { kind: 'ping', prefix: '' }],
  ['/ghcr.io/v2', { kind: 'ping', prefix: 'ghcr.io' }],
  ['/ghcr.io/owner/v2/', { kind: 'ping', prefix: 'ghcr.io/owner' }],
  ['/v2/_catalog', { kind: 'catalog', prefix: '' }],
  ['/v2/ghcr.io/_catalog', { kind: 'catalog', prefix: 'ghcr.io' }],
  ['/v2/library/alpine/manifests/3.20', manifest('', 'library/alpine', '3.20')],
  ['/v2/manifests/manifests/manifests', manifest('', 'manifests', 'manifests')],
  ['/v2/a/blobs/b/manifests/1', manifest('', 'a/blobs/b', '1')],
  ['/v2/blobs/uploads/manifests/1', manifest('', 'blobs/uploads', '1')],
  ['/v2/v2/manifests/v2', manifest('', 'v2', 'v2')],
  ['/x/v2/a/v2/b/manifests/1', manifest('x', 'a/v2/b', '1')],
  ['/ghcr.io/owner/v2/app/manifests/v1', manifest('ghcr.io/owner', 'app', 'v1')],
  ['/v2/library/%61lpine/manifests/3%2E20', manifest('', 'library/alpine', '3.20')],
  [`/v2/a/manifests/${digest.replace(':', '%3A')}`, manifest('', 'a', digest)],
  [`/v2/a/manifests/b/blobs/${digest}`, repository('blob', 'a/manifests/b')],
  [`/v2/tags/list/referrers/${digest}`, repository('referrers', 'tags/list')],
  ['/v2/a/tags/list/tags/list', { kind: 'tags', prefix: '', name: 'a/tags/list' }],
  ['/v2/a/blobs/uploads/', { kind: 'upload' }],
  ['/v2/a/blobs/uploads/7b0c', { kind: 'upload' }],
  ['/v2/a%2Fb/manifests/1', { kind: 'malformed' }],
  ['/v2/a/manifests/x%2fy', { kind: 'malformed' }],
  ['/v2/a/manifests/%E0%A4%A', { kind: 'malformed' }],
  ['/v2/%zz/manifests/1', { kind: 'malformed' }],
  ['/v2/a/manifests/1/', { kind: 'unknown' }],
  ['/v2/a/manifests/', { kind: 'unknown' }],
];

function repository(kind: 'blob' | 'referrers', name: string): Route {
  return { kind, prefix: '', name, reference: digest };
}
