import { createHash } from 'node:crypto';
import type { Bucket } from '../../core/bucket/bucket.ts';
import { nativeHashes } from '../../core/bucket/put/hash.ts';
import { putBlob } from '../../core/bucket/put/put-blob.ts';
import type { PutTarget } from '../../core/bucket/put/target.ts';
import type { PutRequest } from '../../core/bucket/put-request.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { type BufferPool, bufferBytes, largestBuffer } from './buffer-pool.ts';
import { streamBlob } from './stream-blob.ts';
import { uploadParts } from './upload-parts.ts';

/** A smaller blob is read by one request: a second would hardly begin before the first ends. */
const leastForLanes = 4 * bufferBytes;

const mebibyte = 1024 * 1024;

/** The limits of S3: no smaller parts but the last, and no more of them. */
const smallest = { unit: mebibyte, least: 5 * mebibyte, mostParts: 10_000, largest: largestBuffer };
const usual = { ...smallest, least: bufferBytes };

/** Where to put a blob, and the memory of all puts. */
export interface S3PutOptions {
  readonly bucket: Bucket;
  readonly buffers: BufferPool;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** Stores a blob that is not in the bucket, reading several slices at a time where that is allowed. */
export function putInS3(
  request: PutRequest,
  { bucket, buffers, now }: S3PutOptions,
): Promise<PutOutcome> {
  const { wanted, source } = request;
  const { size = 0 } = wanted;
  let slices: Promise<number> | undefined;
  const lanes = async () => {
    if (size < leastForLanes) return 1;
    slices ??= source.slices();
    return slices;
  };
  const transfer = { bucket, buffers, lanes };
  const target: PutTarget = {
    bucket,
    createHash: nativeHashes(createHash),
    leastSpeed: 16_000_000,
    smallBytes: bufferBytes,
    memory: buffers,
    stream: streamBlob(transfer),
    // If the last put could not move one part, try smaller ones.
    partBounds: ({ progress }) => ((progress?.stalls ?? 0) > 0 ? smallest : usual),
    sendParts: uploadParts(transfer),
  };
  return putBlob(request, target, now);
}
