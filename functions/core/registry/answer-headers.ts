import { entityTag } from '../headers/conditional.ts';
import type { Provenance } from '../mirror/outcome.ts';
import type { AnswerNote } from '../observe/request-line.ts';
import type { Digest } from '../oci/digest.ts';
import { repositoryKey } from '../oci/repository.ts';
import type { AskedRepository } from './answer.ts';

/** Headers of an answer under construction, by lower-case name. */
export type AnswerHeaders = Record<string, string>;

/**
 * Begins the headers of an answer with those that every answer has, and `OCI-Namespace` when `ns`
 * chose the registry (distribution-spec §Registry Proxying). Headers are added by assignment, as
 * spreading objects with such keys costs microseconds each time.
 */
export function headersFor(asked: { readonly ns: string | undefined }): AnswerHeaders {
  const headers: AnswerHeaders = {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  };
  if (asked.ns !== undefined) headers['oci-namespace'] = asked.ns;
  return headers;
}

/** The headers of content, with how it came about: Cache-Status, and Warning when it is stale. */
export function provenanceHeaders(asked: AskedRepository, provenance: Provenance): AnswerHeaders {
  const headers = headersFor(asked);
  headers['cache-status'] = cacheStatus(provenance);
  if (provenance.kind === 'stale') {
    const { age, reason } = provenance;
    headers.warning = staleWarning(asked.repository.registry, age, reason);
  }
  return headers;
}

/** The headers of bytes that a digest names: validators, and how long they may be kept. */
export function contentHeaders(
  asked: AskedRepository,
  digest: Digest,
  provenance: Provenance,
  cacheControl: string,
): AnswerHeaders {
  const headers = provenanceHeaders(asked, provenance);
  headers['docker-content-digest'] = digest;
  headers.etag = entityTag(digest);
  headers['cache-control'] = cacheControl;
  return headers;
}

/** The note of an answer that gives what was asked for. */
export function foundNote(
  asked: AskedRepository,
  kind: string,
  reference: string | undefined,
  provenance: Provenance,
): AnswerNote {
  return {
    kind,
    form: asked.form,
    repository: repositoryKey(asked.repository),
    ...(reference !== undefined && { reference }),
    cache: provenance.kind,
    upstreamCalls: asked.mirrored.upstreamCalls,
    ...(provenance.kind === 'stale' && { reason: provenance.reason }),
  };
}

// `no-transform` is everywhere: a proxy that compresses changes bytes that clients hash.

/** What is named by its digest never changes. */
export const forever = 'public, max-age=31536000, immutable, no-transform';

/** A redirect's URL is signed, dies in minutes and is for one client. */
export const never = 'private, no-store';

/** Cache-Control of what a tag names; `tagTtl` is the upstream's policy in ms. */
export function tagCacheControl(provenance: Provenance, tagTtl: number): string {
  return provenance.kind === 'miss' ? maxAge(tagTtl / 1000) : listCacheControl(provenance);
}

/** Cache-Control of a list: what is left of its freshness, where that is known. */
export function listCacheControl(provenance: Provenance): string {
  if (provenance.kind === 'hit') {
    return provenance.ttl === undefined ? forever : maxAge(provenance.ttl);
  }
  return provenance.kind === 'revalidated' ? maxAge(provenance.ttl) : unstored;
}

/** For what has to be asked for again each time. */
export const unstored = 'no-cache, no-transform';

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
    case 'miss':
      return 'Pullfront; fwd=miss';
    case 'stale':
      return 'Pullfront; hit; detail=stale';
  }
}

/** distribution-spec §Warnings: the whole header is at most 4096 bytes. */
const longest = 4096;

/** A Warning header's value, `299 - "text"`: printable ASCII only, escaped, cut where too long. */
export function warning(text: string): string {
  const frame = '299 - ""'.length;
  let escaped = '';
  for (const character of text) {
    const next = quotable(character);
    if (frame + escaped.length + next.length > longest) break;
    escaped += next;
  }
  return `299 - "${escaped}"`;
}

function quotable(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return character >= ' ' && character <= '~' ? character : '?';
}

/** The text for what is served although its upstream failed; `age` is in seconds. */
export function staleWarning(registry: string, age: number, reason: string): string {
  return warning(`stale: last confirmed by ${registry} ${age} s ago (${reason})`);
}
