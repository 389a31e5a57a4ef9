import type { Digest } from '../oci/digest.ts';
import type { CondemnedBlob, StoredBlob } from '../ports/blob-store.ts';

/** A range of a listing of the bucket. */
export interface ListedSpan {
  /** The text after which it begins, and its last digest. */
  readonly after: string;
  readonly last: string;
  /** All blobs in that range of the bucket, by digest. */
  readonly blobs: readonly StoredBlob[];
}

/** What the index knows of a blob. Times are in ms since 1970. */
export interface IndexedBlob extends StoredBlob {
  /** Since when the blob is condemned; undefined: it is stored. */
  readonly condemned: number | undefined;
  /** True while its object is being deleted. */
  readonly isDeleting: boolean;
}

/** The count of the blobs whose digests begin with `part`, such as `sha256:a`, as it was read. */
export interface PartCount {
  readonly part: string;
  /** When it was last counted, or first written, in ms since 1970. */
  readonly counted: number;
  /** How often it changed, and by how many bytes altogether. */
  readonly changes: number;
  readonly added: number;
}

/** How long a claim to delete an object keeps others from deleting it, in ms. */
export const claimLife = 600_000;

/**
 * What is stored in the bucket, kept where it is faster and cheaper to read, and can be summed. It
 * decides what is stored:
 *
 *     absent -put-> stored -condemn-> condemned -claim-> being deleted -forget-> absent
 *                     ^----restore, put----'
 *
 * Each arrow is one conditional write of the blob's entry, so that of two instances one sees what the
 * other did. All methods reject when the index cannot be reached.
 */
export interface BlobIndex {
  get(digest: Digest): Promise<IndexedBlob | undefined>;

  /**
   * Adds a blob, or restores it. Without effect on a stored blob: the first time remains. Rejects with
   * StoreBusy while its object is being deleted. With `countsLater`, `used` may count it only after `countLate`.
   */
  put(blob: StoredBlob, countsLater?: boolean): Promise<void>;

  /** Counts what this process put with `countsLater`. Only for an index that counts beside the blobs. */
  countLate?(): Promise<void>;

  /**
   * Condemns a blob at a time, or changes the time of a condemned one. Resolves to the blob if it was
   * stored. Without effect on any other, and while its object is being deleted.
   */
  condemn(digest: Digest, since: number): Promise<StoredBlob | undefined>;

  /** At most `limit` blobs that were condemned before a time, in the order of these times. */
  condemnedBefore(time: number, limit: number): Promise<readonly CondemnedBlob[]>;

  /** True if the blob is stored now. False if it is unknown, or its object is being deleted. */
  restore(digest: Digest): Promise<boolean>;

  /**
   * Claims the deletion of a condemned blob. False if it was restored or condemned anew, or if another
   * instance claimed it less than `claimLife` ago.
   */
  claim(blob: CondemnedBlob, now: number): Promise<boolean>;

  /** Removes a claimed blob, whose object is deleted. */
  forget(blob: CondemnedBlob): Promise<void>;

  /** The sizes of all stored blobs together, in bytes. They change in one step with the blobs, or with `countLate`. */
  used(): Promise<number>;

  /** The counts that `used` sums up. Only for an index whose blobs are not summed by its database. */
  counts?(): Promise<readonly PartCount[]>;

  /** Corrects a count to `bytes`. Without effect if a blob of its part changed since it was read. */
  correct?(count: PartCount, bytes: number, now: number): Promise<void>;

  /**
   * Corrects the index by a part of a listing, and yields the blobs of it that are stored. `look`
   * asks the bucket whether a blob is still there.
   */
  reconcile(
    span: ListedSpan,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): AsyncIterable<StoredBlob>;
}
