/**
 * A path below a repository. `prefix` is the path before `/v2`, or empty. Name and reference are
 * percent-decoded but not yet validated.
 */
export type RepositoryRoute = { readonly prefix: string; readonly name: string } & (
  | { readonly kind: 'manifest' | 'blob' | 'referrers'; readonly reference: string }
  | { readonly kind: 'tags' }
);

/**
 * How a client names the registry, which also tells how it falls back: by `ns` (containerd, BuildKit),
 * as the first component of the name after `/v2` (podman and others with containers/image, BuildKit,
 * kaniko), before `/v2` (dockerd, containerd), or not at all (dockerd).
 */
export type RegistryForm = 'ns' | 'after-v2' | 'before-v2' | 'none';

/** The endpoint that a path names (distribution-spec §Endpoints). */
export type Route =
  | RepositoryRoute
  | { readonly kind: 'ping' | 'catalog'; readonly prefix: string }
  | { readonly kind: 'upload' }
  /** Below `/v2`, but with a broken escape or an encoded slash. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknown' };

const malformed = { kind: 'malformed' } as const;
const unknown = { kind: 'unknown' } as const;

/**
 * Parses a path as sent, without its query. Never throws. It reads from the right, because a
 * repository name may have components such as `manifests`, `blobs` and `tags`.
 */
export function parseRoute(path: string): Route {
  if (!path.includes('%')) return routeOf(path);
  const invalid = path.includes('/v2/') ? malformed : unknown;
  // `%2F` is data and not a separator (RFC 3986 §2.2), and no segment may contain a slash.
  if (/%2f/i.test(path)) return invalid;
  try {
    return routeOf(decodeURIComponent(path));
  } catch {
    return invalid;
  }
}

/** True for a target, with or without a query, that the registry answers. */
export function isRegistryTarget(target: string): boolean {
  return parseRoute(parseTarget(target).path).kind !== 'unknown';
}

function routeOf(path: string): Route {
  if (path === '/v2/' || path === '/v2') return { kind: 'ping', prefix: '' };
  if (path.startsWith('/v2/')) return endpointOf('', path.slice('/v2/'.length));
  if (!path.startsWith('/')) return unknown;
  const at = path.indexOf('/v2/');
  if (at > 1) {
    const rest = path.slice(at + '/v2/'.length);
    const prefix = path.slice(1, at);
    return rest === '' ? { kind: 'ping', prefix } : endpointOf(prefix, rest);
  }
  return at < 0 && path.length > '//v2'.length && path.endsWith('/v2')
    ? { kind: 'ping', prefix: path.slice(1, -'/v2'.length) }
    : unknown;
}

function endpointOf(prefix: string, rest: string): Route {
  const lastSlash = rest.lastIndexOf('/');
  const last = rest.slice(lastSlash + 1);
  if (last === '_catalog') return catalogOf(prefix, rest.slice(0, Math.max(0, lastSlash)));
  if (lastSlash <= 0) return unknown;
  const before = rest.lastIndexOf('/', lastSlash - 1);
  const verb = rest.slice(before + 1, lastSlash);
  const name = rest.slice(0, Math.max(0, before));
  if (verb === 'blobs' && last === 'uploads') return { kind: 'upload' };
  if (verb === 'tags' && last === 'list') return { kind: 'tags', prefix, name };
  if (verb === 'uploads' && name.endsWith('/blobs')) return { kind: 'upload' };
  if (last === '') return unknown;
  if (verb === 'manifests') return { kind: 'manifest', prefix, name, reference: last };
  if (verb === 'blobs') return { kind: 'blob', prefix, name, reference: last };
  if (verb === 'referrers') return { kind: 'referrers', prefix, name, reference: last };
  return unknown;
}

/** `/v2/ghcr.io/_catalog` equals `/ghcr.io/v2/_catalog`, as for every other endpoint. */
function catalogOf(prefix: string, inner: string): Route {
  const joined = prefix === '' || inner === '' ? prefix + inner : `${prefix}/${inner}`;
  return { kind: 'catalog', prefix: joined };
}

/** A request's target, split but still percent-encoded. */
interface Target {
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** The registry the client means (distribution-spec §Registry Proxying); never empty. */
  readonly ns: string | undefined;
}

/** Splits a target such as `/v2/library/alpine/manifests/3?ns=docker.io`. Never throws. */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: '', ns: undefined };
  const query = target.slice(mark + 1);
  return { path: target.slice(0, mark), query, ns: namespaceOf(query) || undefined };
}

/** The only parameter of containerd's requests, for which URLSearchParams would cost microseconds. */
const onlyNs = /^ns=[a-z0-9.:-]*$/;

function namespaceOf(query: string): string | null {
  if (onlyNs.test(query)) return query.slice('ns='.length);
  return new URLSearchParams(query).get('ns');
}
