import { createHash } from 'node:crypto';
import { nativeHashes } from '../../core/bucket/put/hash.ts';
import { putBlob } from '../../core/bucket/put/put-blob.ts';
import type { PutTarget } from '../../core/bucket/put/target.ts';
import type { PutRequest } from '../../core/bucket/put-request.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { r2Store } from './bucket.ts';
import { sendParts } from './send-parts.ts';

/** Where to put a blob, and how much of it at a time. */
export interface R2PutOptions {
  readonly bucket: R2Bucket;
  /** Ms since 1970. */
  readonly now: () => number;
  /** A put that may pause does so after this many bytes, because the platform limits its CPU time. */
  readonly bytesPerPut: number;
}

/** In 10 minutes this is 1 GB: a larger blob gets a hash that can be saved. */
const leastSpeed = 1_700_000;

const smallBytes = 8 * 1024 * 1024;

/**
 * R2 wants all parts but the last to have one size, of up to 5 GiB. The ETags of 300 parts fit into
 * the 60 KB of a paused put. A part of a blob of unknown size is held in memory.
 */
const bounds = { unit: smallBytes, least: smallBytes, mostParts: 300, largest: 5 * 1024 ** 3 };

/** Stores a blob that is not in the bucket. Rejects with the error of the source, the abort or R2. */
export async function putInR2(
  request: PutRequest,
  { bucket, now, bytesPerPut }: R2PutOptions,
): Promise<PutOutcome> {
  const mayPause = request.pauseAt !== undefined;
  const target: PutTarget = {
    bucket: r2Store(bucket),
    createHash: nativeHashes(createHash),
    leastSpeed,
    smallBytes,
    memory: { acquire: async (bytes) => new Uint8Array(bytes), release: () => undefined },
    partBounds: () => bounds,
    sendParts: sendParts(bucket, mayPause ? bytesPerPut : Number.POSITIVE_INFINITY),
  };
  try {
    return await putBlob(request, target, now);
  } catch (error) {
    // The answer may be lost, or another put of the same blob was first.
    if (request.signal.aborted) throw error;
    const stored = await target.bucket.head(request.key).catch(() => undefined);
    if (stored === undefined) throw error;
    return { kind: 'stored', size: stored.size };
  }
}
