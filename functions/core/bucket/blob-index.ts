import type { Digest } from '../oci/digest.ts';
import type { StoredBlob } from '../ports/blob-store.ts';

/** A stretch of a listing of the bucket. */
export interface ListedSpan {
  /** The text behind which it begins, and that of its last digest. */
  readonly after: string;
  readonly last: string;
  /** All blobs that the bucket has there, by digest. */
  readonly blobs: readonly StoredBlob[];
}

/**
 * What is stored in the bucket, in a place that is quicker and cheaper to ask, or that can add it up.
 * A writer that dies half-way leaves it wrong, until a listing of the bucket puts it right. All
 * methods reject when it cannot be asked.
 */
export interface BlobIndex {
  /** Undefined where the bucket is asked what is stored, and the index only adds it up. */
  get?(digest: Digest): Promise<StoredBlob | undefined>;
  /** Without effect when it knows the blob: the time of the first remains. */
  put(blob: StoredBlob): Promise<void>;
  /**
   * Deletes the object by `erase`, and forgets the blob when that is done. Without effect when an
   * index that is asked what is stored does not know it.
   */
  delete(digest: Digest, erase: () => Promise<void>): Promise<void>;
  /** What all blobs take, in bytes; off by those whose writer died half-way. */
  used(): Promise<number>;
  /**
   * Puts itself right by a part of a listing, and gives those of its blobs that are stored. `look`
   * asks the bucket whether one is still there.
   */
  reconcile(
    span: ListedSpan,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): AsyncIterable<StoredBlob>;
}
