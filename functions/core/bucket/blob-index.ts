import type { Digest } from '../oci/digest.ts';
import type { NotedBlob, StoredBlob } from '../ports/blob-store.ts';

/**
 * What is stored in the bucket, in a place that is quicker and cheaper to ask. It may lack an object
 * whose writer died before it noted it, and nothing else. All methods reject when it cannot be asked.
 */
export interface BlobIndex {
  get(digest: Digest): Promise<StoredBlob | undefined>;
  /** Those of many that it knows, in no order. */
  getMany(digests: readonly Digest[]): Promise<readonly StoredBlob[]>;
  /** Without effect when it knows the blob: the time of the first remains. */
  put(blob: StoredBlob): Promise<void>;
  /** Without effect when it does not know the blob. */
  delete(blob: NotedBlob): Promise<void>;
  /** What all blobs take, in bytes; off by those whose writer died half-way. */
  used(): Promise<number>;
}
