import { entityTag } from '../headers/conditional.ts';
import type { Provenance } from '../mirror/mirror.ts';
import type { AnswerNote } from '../observe/request-line.ts';
import { keptText, staleText, unseenText } from '../observe/wording.ts';
import type { Digest } from '../oci/digest.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { RepositoryRequest } from './answer.ts';

/** Headers of an answer under construction, by lower-case name. */
export type AnswerHeaders = Record<string, string>;

/**
 * The headers of every answer, with `OCI-Namespace` if `ns` chose the registry (distribution-spec
 * §Registry Proxying). Callers add headers by assignment: spreading such an object costs
 * microseconds.
 */
export function headersFor({ ns }: { readonly ns: string | undefined }): AnswerHeaders {
  const headers: AnswerHeaders = {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  };
  if (ns !== undefined) headers['oci-namespace'] = ns;
  return headers;
}

/** Adds Cache-Status, and Warning for content that the upstream does not confirm. */
export function provenanceHeaders(
  request: RepositoryRequest,
  provenance: Provenance,
): AnswerHeaders {
  const headers = headersFor(request);
  headers['cache-status'] = cacheStatus(provenance);
  const { registry } = request.repository;
  if (provenance.kind === 'stale') {
    headers.warning = warning(staleText(registry, provenance.age, provenance.reason));
  } else if (provenance.kind === 'alternate') {
    headers.warning = warning(unseenText(registry, provenance.registry, provenance.reason));
  } else if (provenance.kind === 'kept') {
    headers.warning = warning(keptText(registry, provenance.since));
  }
  return headers;
}

/** The headers of content with a digest: also its validators and Cache-Control. */
export function contentHeaders(
  request: RepositoryRequest,
  digest: Digest,
  provenance: Provenance,
  cacheControl: string,
): AnswerHeaders {
  const headers = provenanceHeaders(request, provenance);
  headers['docker-content-digest'] = digest;
  headers.etag = entityTag(digest);
  headers['cache-control'] = cacheControl;
  return headers;
}

/** The note of a successful answer. */
export function contentNote(
  request: RepositoryRequest,
  kind: string,
  reference: string | undefined,
  provenance: Provenance,
): AnswerNote {
  return {
    kind,
    form: request.form,
    repository: repositoryKey(request.repository),
    ...(reference !== undefined && { reference }),
    cache: provenance.kind,
    upstreamCalls: request.mirrored.upstreamCalls,
    ...('reason' in provenance && { reason: provenance.reason }),
  };
}

// Every Cache-Control has `no-transform`: a proxy that compresses would change bytes that clients hash.

/** For content requested by digest, which never changes. */
export const immutable = 'public, max-age=31536000, immutable, no-transform';

/** For a redirect: its signed URL expires within minutes and is for one client. */
export const noStore = 'private, no-store';

/** For answers that must be requested again each time. */
export const noCache = 'no-cache, no-transform';

/** Cache-Control of a manifest requested by tag; `tagTtl` is the upstream's policy in ms. */
export function tagCacheControl(provenance: Provenance, tagTtl: number): string {
  return provenance.kind === 'miss' ? maxAge(tagTtl / 1000) : listCacheControl(provenance);
}

/** Cache-Control of a list: the rest of its freshness, where that is known. */
export function listCacheControl(provenance: Provenance): string {
  if (provenance.kind === 'hit') {
    return provenance.ttl === undefined ? immutable : maxAge(provenance.ttl);
  }
  return provenance.kind === 'revalidated' ? maxAge(provenance.ttl) : noCache;
}

function maxAge(seconds: number): string {
  return `public, max-age=${Math.max(0, Math.floor(seconds))}, no-transform`;
}

/** The Cache-Status of an answer (RFC 9211 §2); `ttl` is in seconds. */
export function cacheStatus(provenance: Provenance): string {
  switch (provenance.kind) {
    case 'hit':
      return provenance.ttl === undefined
        ? 'Pullfront; hit'
        : `Pullfront; hit; ttl=${Math.floor(provenance.ttl)}`;
    case 'revalidated':
      return `Pullfront; fwd=stale; ttl=${Math.floor(provenance.ttl)}; detail=revalidated`;
    case 'revalidating':
      // A ttl below 0 says how long ago it became stale (RFC 9211 §2.4); the detail is RFC 5861's term.
      return `Pullfront; hit; ttl=${Math.min(0, Math.floor(provenance.ttl))}; detail=stale-while-revalidate`;
    case 'miss':
      return 'Pullfront; fwd=miss';
    case 'alternate':
      return 'Pullfront; fwd=miss; detail=alternate';
    case 'stale':
      return 'Pullfront; hit; detail=stale';
    case 'kept':
      return 'Pullfront; hit; detail=kept';
  }
}

/** distribution-spec §Warnings: the whole header is at most 4096 bytes. */
const longest = 4096;

/** Printable ASCII without what must be escaped. */
const plain = /^[ !#-[\]-~]*$/;

/** A Warning header, `299 - "text"`: printable ASCII, escaped, and cut if too long. */
export function warning(text: string): string {
  const frame = '299 - ""'.length;
  if (plain.test(text) && frame + text.length <= longest) return `299 - "${text}"`;
  let escaped = '';
  for (const character of text) {
    const next = quotable(character);
    if (frame + escaped.length + next.length > longest) break;
    escaped += next;
  }
  return `299 - "${escaped}"`;
}

/** Adds a Warning to those that an answer has. */
export function addWarning(headers: AnswerHeaders, text: string): void {
  const { warning: before } = headers;
  headers.warning = before === undefined ? warning(text) : `${before}, ${warning(text)}`;
}

function quotable(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return character >= ' ' && character <= '~' ? character : '?';
}
