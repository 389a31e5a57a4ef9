import type { Digest } from '../../core/oci/digest.ts';

/** The bytes of manifests that are too large for an item. All methods reject when it fails. */
export interface LargeManifests {
  /** Repeating it changes nothing. */
  put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Without effect when it is not there. */
  delete(digest: Digest): Promise<void>;
}

/**
 * Up to this size the bytes are in the item, in bytes: an item has at most 400 KB with its names
 * and all other values.
 */
export const mostInlineBytes = 350 * 1024;
