import type { Digest } from '../oci/digest.ts';

/** The strong entity tag of content, which is its digest. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * True when If-None-Match names this content, so that the answer is 304 (RFC 9110 §13.1.2). The
 * header is `*` or a list of tags, which are compared weakly.
 */
export function isNotModified(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // A digest has no quotes or commas, so its tag can only match a whole member of the list.
  return ifNoneMatch.includes(entityTag(digest));
}

/**
 * True unless If-Range says to ignore the Range header (RFC 9110 §13.1.5): tags are compared
 * strongly, and a date never matches because no Last-Modified is ever sent.
 */
export function rangeApplies(ifRange: string | undefined, digest: Digest): boolean {
  return ifRange === undefined || ifRange.trim() === entityTag(digest);
}
