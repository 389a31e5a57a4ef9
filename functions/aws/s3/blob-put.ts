import { createHash } from 'node:crypto';
import type { Bucket } from '../../core/bucket/bucket.ts';
import type { MissingBlob } from '../../core/bucket/bucket-blob-store.ts';
import { plainHashes } from '../../core/bucket/put/hash.ts';
import { putBlob } from '../../core/bucket/put/put-blob.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { bufferBytes, largestBuffer, type PutBuffers } from './put-buffers.ts';
import { putAsStream } from './put-stream.ts';
import { uploadParts } from './upload-parts.ts';

/** A blob that is smaller is read by one request, which is on its way when a second would begin. */
const leastForLanes = 4 * bufferBytes;

/** What upstream and bucket are trusted to move, in bytes a second. */
const leastSpeed = 16_000_000;

const mebibyte = 1024 * 1024;

/** S3 takes so many parts, and no smaller ones but the last. */
const smallest = {
  unit: mebibyte,
  least: 5 * mebibyte,
  mostParts: 10_000,
  largest: largestBuffer,
};
const usual = { ...smallest, least: bufferBytes };

/** Where a blob is put, and the memory of all puts. */
export interface S3PutOptions {
  readonly bucket: Bucket;
  readonly buffers: PutBuffers;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** Stores a blob that is not there, with several slices or parts read side by side where that may be. */
export function putInS3(
  missing: MissingBlob,
  { bucket, buffers, now }: S3PutOptions,
): Promise<PutOutcome> {
  const { wanted, source } = missing;
  const { size } = wanted;
  const hasLanes = size !== undefined && size >= leastForLanes;
  let asked: Promise<number> | undefined;
  const lanes = async () => {
    if (!hasLanes) return 1;
    asked ??= source.slices();
    return asked;
  };
  const ways = {
    bucket,
    createHash: plainHashes(createHash),
    leastSpeed,
    wholeBytes: bufferBytes,
    memory: buffers,
    stream: putAsStream({ bucket, buffers, lanes }),
    // What one process could not move in one piece is tried in smaller ones, one at a time.
    partBounds: (wasFruitless: boolean) => (wasFruitless ? smallest : usual),
    sendParts: uploadParts({ bucket, buffers, lanes }),
  };
  return putBlob(missing, ways, now);
}
