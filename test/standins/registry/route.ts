/** What a path of the registry's API asks for. */
export type Route =
  | { readonly kind: 'ping' | 'token' | 'catalog' | 'other' }
  | { readonly kind: 'tags'; readonly repository: string }
  | {
      readonly kind: 'manifest' | 'blob' | 'referrers';
      readonly repository: string;
      readonly reference: string;
    };

const content = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/;
const tags = /^\/v2\/(.+)\/tags\/list$/;
const kinds = { manifests: 'manifest', blobs: 'blob', referrers: 'referrers' } as const;

/** Reads a path (distribution-spec §Endpoints). */
export function routeOf(path: string): Route {
  if (path === '/v2/' || path === '/v2') return { kind: 'ping' };
  if (path === '/token') return { kind: 'token' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const list = tags.exec(path)?.[1];
  if (list !== undefined) return { kind: 'tags', repository: list };
  const [, repository, collection, reference] = content.exec(path) ?? [];
  if (repository === undefined || collection === undefined || reference === undefined) {
    return { kind: 'other' };
  }
  const kind = kinds[collection as keyof typeof kinds]; // The expression allows only these three.
  return { kind, repository, reference: reference.replaceAll(/%3a/gi, ':') };
}
