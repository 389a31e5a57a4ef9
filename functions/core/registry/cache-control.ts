import type { Provenance } from '../mirror/outcome.ts';

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
