/**
 * What a path asks for of a repository. `prefix` is what stands before `/v2` (empty when nothing
 * does); name and reference are percent-decoded and not yet checked.
 */
export type RepositoryRoute = { readonly prefix: string; readonly name: string } & (
  | { readonly kind: 'manifest' | 'blob' | 'referrers'; readonly reference: string }
  | { readonly kind: 'tags' }
);

/** What a path asks for. */
export type Route =
  | RepositoryRoute
  | { readonly kind: 'ping' | 'catalog'; readonly prefix: string }
  | { readonly kind: 'upload' }
  /** Not decodable, or a segment that hides a slash, below `/v2`. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknown' };

const malformed = { kind: 'malformed' } as const;
const unknown = { kind: 'unknown' } as const;

/**
 * Reads a path as sent, without its query (distribution-spec §Endpoints). Total: every text gives a
 * route. It reads from the right, because a repository's name may have components such as
 * `manifests`, `blobs` and `tags`.
 */
export function parseRoute(path: string): Route {
  if (!path.includes('%')) return routeOf(path);
  const refused = path.includes('/v2/') ? malformed : unknown;
  // `%2F` is data and not a separator (RFC 3986 §2.2), and no part of a path may hold a slash.
  if (/%2f/i.test(path)) return refused;
  try {
    return routeOf(decodeURIComponent(path));
  } catch {
    return refused;
  }
}

/** Whether a target, a path with or without a query, is one of the registry's. */
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

/** `/v2/ghcr.io/_catalog` is `/ghcr.io/v2/_catalog`, as for every other endpoint. */
function catalogOf(prefix: string, inner: string): Route {
  const joined = prefix === '' || inner === '' ? prefix + inner : `${prefix}/${inner}`;
  return { kind: 'catalog', prefix: joined };
}

/** A request's target in its parts. */
interface Target {
  /** As sent, percent-encoding kept. */
  readonly path: string;
  /** As sent, without the question mark; empty when there is none. */
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

/** containerd sends `ns` alone with every request: a whole parser for that costs microseconds. */
const nsAlone = /^ns=[a-z0-9.:-]*$/;

function namespaceOf(query: string): string | null {
  if (nsAlone.test(query)) return query.slice('ns='.length);
  return new URLSearchParams(query).get('ns');
}
