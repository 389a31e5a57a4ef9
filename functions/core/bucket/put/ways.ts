import type { BlobSource, Mismatch, PutOutcome } from '../../ports/blob-store.ts';
import type { Bucket, OpenUpload, UploadedPart } from '../bucket.ts';
import type { MissingBlob } from '../bucket-blob-store.ts';
import type { CreateHash, PutHash } from './hash.ts';
import type { PartBounds } from './part-size.ts';
import type { Pausing } from './pausing.ts';

/** One put. */
export type PutJob = Omit<MissingBlob, 'pauseAt'> & Omit<Pausing, 'clear'>;

/** What a put needs of a bucket. One that cannot list parts has their tags in the progress. */
export type PutBucket = Pick<
  Bucket,
  'head' | 'put' | 'createUpload' | 'complete' | 'abortUpload'
> & {
  readonly listParts: Bucket['listParts'] | undefined;
};

/** The memory of puts. */
export interface PutMemory {
  /** Rejects when the signal is aborted before. */
  acquire(bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Nobody may write it, or send it, any more. */
  release(buffer: Uint8Array): void;
}

/** What is to be sent of a blob. */
export interface PartsToSend extends Pick<PutJob, 'signal' | 'pause' | 'timeLeft'> {
  readonly source: BlobSource;
  /** Of the blob in bytes; undefined when nobody stated it. */
  readonly size: number | undefined;
  readonly upload: OpenUpload;
  /** The parts that are there already. */
  readonly done: readonly UploadedPart[];
  /** The size of all parts but the last, in bytes. */
  readonly partBytes: number;
  /** Gets the bytes in their order; it has had those of `done`. */
  readonly hash: PutHash;
  /** The put before this one had no time for one more part. */
  readonly wasFruitless: boolean;
}

/** How far it came. The parts are in order, without a gap, in the bucket, and hashed. */
export type PartsSent =
  | Mismatch
  | { readonly kind: 'whole'; readonly parts: readonly UploadedPart[] }
  | {
      readonly kind: 'paused';
      readonly parts: readonly UploadedPart[];
      /** The hash of exactly these parts, if it can be saved. */
      readonly saved: string | undefined;
    };

/** How blobs get into a bucket: what one kind of bucket does in another way than the next. */
export interface PutWays {
  readonly bucket: PutBucket;
  readonly createHash: CreateHash;
  /** What every upstream and the bucket are taken to move, in bytes a second. */
  readonly leastSpeed: number;
  /** Up to this size a blob is read whole before it is sent, in bytes. */
  readonly wholeBytes: number;
  readonly memory: PutMemory;
  /**
   * Stores a blob by one request while it is read, which the bucket verifies. Undefined when the
   * request broke off, or is not possible, and nothing of it is kept.
   */
  stream?(job: PutJob, size: number): Promise<PutOutcome | undefined>;
  partBounds(wasFruitless: boolean): PartBounds;
  /** Rejects with the first error of the source or of the bucket, when nothing is under way any more. */
  sendParts(sending: PartsToSend): Promise<PartsSent>;
}
