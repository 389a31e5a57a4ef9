import type { Digest } from '../oci/digest.ts';

/** The entity tag of content: its digest, strong, since content of a digest never changes. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * True when If-None-Match names this content, so that the answer is 304 (RFC 9110 §13.1.2): a list
 * of tags, compared weakly, or `*`.
 */
export function isNotModified(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // A digest has neither quotes nor commas, so its tag can only be a whole member of the list.
  return ifNoneMatch.includes(entityTag(digest));
}

/**
 * True when a Range header counts (RFC 9110 §13.1.5): there is no If-Range, or it is this content's
 * tag, compared strongly. A date never matches, as no Last-Modified is ever sent.
 */
export function rangeApplies(ifRange: string | undefined, digest: Digest): boolean {
  return ifRange === undefined || ifRange.trim() === entityTag(digest);
}
