import type { PutOutcome } from '../../ports/blob-store.ts';
import type { Bucket, OpenUpload, UploadedPart } from '../bucket.ts';
import type { PutRequest } from '../put-request.ts';
import type { Deadline } from './deadline.ts';
import type { CreateHash, PutHash } from './hash.ts';

/** A put that has begun. */
export type PutJob = Omit<PutRequest, 'pauseAt'> & { readonly deadline: Deadline };

/** The memory of all puts into a bucket. */
export interface PutMemory {
  /** Rejects when the signal is aborted. */
  acquire(bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** The buffer must not be read or written afterwards. */
  release(buffer: Uint8Array): void;
}

/** The limits of a bucket for the parts of an upload. Sizes are in bytes. */
export interface PartBounds {
  /** The size of a part is a multiple of this. */
  readonly unit: number;
  readonly least: number;
  readonly largest: number;
  readonly mostParts: number;
}

/** An upload in parts: new, or resumed after a pause. */
export interface PartsUpload {
  readonly upload: OpenUpload;
  /** The parts that the bucket has already. */
  readonly done: readonly UploadedPart[];
  /** Has hashed the bytes of `done`. */
  readonly hash: PutHash;
}

/** The rest of a blob that is to be sent and hashed. */
export interface PartsJob extends PutJob, PartsUpload {
  /** The size of all parts but the last, in bytes. */
  readonly partBytes: number;
}

/** All parts that the bucket now has, in order and without a gap. */
export interface SentParts {
  readonly parts: readonly UploadedPart[];
  /** False when the put has to pause. */
  readonly isComplete: boolean;
  /** The saved hash of exactly these parts, if the hash can be saved. */
  readonly saved: string | undefined;
}

/** How blobs get into one kind of bucket: what differs between S3 and R2. */
export interface PutTarget {
  /** Without `listParts`, the ETags of the parts are kept in the progress. */
  readonly bucket: Pick<Bucket, 'head' | 'put' | 'createUpload' | 'complete' | 'abortUpload'> &
    Partial<Pick<Bucket, 'listParts'>>;
  readonly createHash: CreateHash;
  /** The lowest speed to expect of an upstream and the bucket, in bytes a second. */
  readonly leastSpeed: number;
  /** A blob of up to this size is read into memory before it is sent, in bytes. */
  readonly smallBytes: number;
  readonly memory: PutMemory;
  /**
   * Streams a blob in one request, which the bucket verifies. Resolves to undefined, with nothing
   * kept, when the request broke off or cannot be made for this blob.
   */
  stream?(job: PutJob, size: number): Promise<PutOutcome | undefined>;
  /** Where parts cannot be listed, every put of a blob must get the same bounds. */
  partBounds(job: PutJob): PartBounds;
  /**
   * Sends and hashes what is left of a blob. Rejects with a WrongSize, or with the first error of
   * the source or the bucket, once nothing is under way any more.
   */
  sendParts(job: PartsJob): Promise<SentParts>;
}
