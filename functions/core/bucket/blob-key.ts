import { algorithmOf, type Digest, encodedOf, parseDigest } from '../oci/digest.ts';
import type { StoredBlob } from '../ports/blob-store.ts';
import type { BucketObject } from './bucket.ts';

/** The prefix of the keys of all blobs. */
export const blobPrefix = 'blobs/';

/**
 * The key of a blob in every bucket of Pullfront: `blobs/sha256/ab/abcd…`. The two digits help people
 * who browse the bucket.
 */
export function blobKey(digest: Digest): string {
  const hex = encodedOf(digest);
  return `${blobPrefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

/** The digest in a blob's key; undefined for any other key. */
export function digestOfKey(key: string): Digest | undefined {
  const [, algorithm, , hex] = key.split('/');
  const digest = parseDigest(`${algorithm}:${hex}`);
  return digest !== undefined && blobKey(digest) === key ? digest : undefined;
}

/** An object as a blob; undefined for an object that is not one. */
export function blobOf({ key, size, modified }: BucketObject): StoredBlob | undefined {
  const digest = digestOfKey(key);
  return digest && { digest, size, stored: modified };
}
