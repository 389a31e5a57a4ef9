import { algorithmOf, type Digest, encodedOf, parseDigest } from '../oci/digest.ts';

/** What the keys of all blobs begin with. */
export const blobPrefix = 'blobs/';

/**
 * The key of a blob in every bucket of Pullfront: `blobs/sha256/ab/abcd…`. The two digits are for
 * people who look into the bucket.
 */
export function blobKey(digest: Digest): string {
  const hex = encodedOf(digest);
  return `${blobPrefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

/** The blob of a key; undefined for an object that is none. */
export function digestOfKey(key: string): Digest | undefined {
  const [, algorithm, , hex] = key.split('/');
  const digest = parseDigest(`${algorithm}:${hex}`);
  return digest !== undefined && blobKey(digest) === key ? digest : undefined;
}
