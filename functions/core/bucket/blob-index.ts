import type { Digest } from '../oci/digest.ts';
import type { StoredBlob } from '../ports/blob-store.ts';

/** A range of a listing of the bucket. */
export interface ListedSpan {
  /** The text after which it begins, and its last digest. */
  readonly after: string;
  readonly last: string;
  /** All blobs in that range of the bucket, by digest. */
  readonly blobs: readonly StoredBlob[];
}

/**
 * What is stored in the bucket, kept where it is faster and cheaper to read, or can be summed. A
 * writer that dies halfway leaves it wrong until a listing of the bucket corrects it. All methods
 * reject when it cannot be reached.
 */
export interface BlobIndex {
  /** Undefined where the bucket itself says what is stored, and the index only keeps the sum. */
  get?(digest: Digest): Promise<StoredBlob | undefined>;
  /** Without effect when it knows the blob: the first time remains. */
  put(blob: StoredBlob): Promise<void>;
  /**
   * Deletes the object by `erase`, then forgets the blob. Without effect when an index with `get`
   * does not know the blob.
   */
  delete(digest: Digest, erase: () => Promise<void>): Promise<void>;
  /** The sizes of all blobs together, in bytes; wrong by the blobs of writers that died halfway. */
  used(): Promise<number>;
  /**
   * Corrects the index by a part of a listing, and yields the blobs of it that are stored. `look`
   * asks the bucket whether a blob is still there.
   */
  reconcile(
    span: ListedSpan,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): AsyncIterable<StoredBlob>;
}
