import { algorithmOf, type Digest, encodedOf, parseDigest } from '../../core/oci/digest.ts';

/** Before the keys of all blobs. */
export const blobPrefix = 'blobs/';

/** The key of a blob: `blobs/sha256/ab/<hex>`, the layout of every bucket of Pullfront. */
export function blobKey(digest: Digest): string {
  const hex = encodedOf(digest);
  return `${blobPrefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

/** Reads a blob's key; undefined for other keys. */
export function digestOfKey(key: string): Digest | undefined {
  const [, algorithm = '', shard = '', hex = ''] = /^blobs\/(\w+)\/(\w\w)\/(\w+)$/.exec(key) ?? [];
  return hex.startsWith(shard) ? parseDigest(`${algorithm}:${hex}`) : undefined;
}
