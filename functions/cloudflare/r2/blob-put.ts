import { createHash } from 'node:crypto';
import type { MissingBlob } from '../../core/bucket/bucket-blob-store.ts';
import { plainHashes } from '../../core/bucket/put/hash.ts';
import { putBlob } from '../../core/bucket/put/put-blob.ts';
import type { PutWays } from '../../core/bucket/put/ways.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { r2Objects } from './bucket-objects.ts';
import { r2Uploads } from './bucket-uploads.ts';
import { sendParts } from './send-parts.ts';

/** Where a blob is put, and how much of it at a time. */
export interface R2PutOptions {
  readonly bucket: R2Bucket;
  /** Ms since 1970. */
  readonly now: () => number;
  /** After so many bytes a put that may pause does so, in favour of the platform's CPU limit. */
  readonly bytesPerPut: number;
}

/**
 * What every upstream is taken to send, in bytes a second: a blob that needs more to end in time is
 * hashed from the start so that it can pause. In 10 minutes that is 1 GB.
 */
const leastSpeed = 1_700_000;

/** Up to this size a blob is held in memory and put in one piece, in bytes. */
const wholeBytes = 8 * 1024 * 1024;

/**
 * R2 wants all parts but the last equal, and the tags of so many fit into the 60 KB of a paused put.
 * A part of a blob of unknown size is held in memory. The largest is 5 GiB.
 */
const bounds = { unit: wholeBytes, least: wholeBytes, mostParts: 300, largest: 5 * 1024 ** 3 };

/**
 * Stores a blob that is not there: a small one in one piece that R2 itself verifies, others in parts.
 * Rejects with the error of the source, of the abort or of R2.
 */
export async function putInR2(
  missing: MissingBlob,
  { bucket, now, bytesPerPut }: R2PutOptions,
): Promise<PutOutcome> {
  const mayPause = missing.pauseAt !== undefined;
  const ways: PutWays = {
    bucket: { ...r2Objects(bucket), ...r2Uploads(bucket), listParts: undefined },
    createHash: plainHashes(createHash),
    leastSpeed,
    wholeBytes,
    memory: { acquire: async (bytes) => new Uint8Array(bytes), release: () => undefined },
    partBounds: () => bounds,
    sendParts: sendParts(bucket, mayPause ? bytesPerPut : Number.POSITIVE_INFINITY),
  };
  try {
    return await putBlob(missing, ways, now);
  } catch (error) {
    // An answer may be lost, or another put of the same bytes was first. The first error is told.
    if (missing.signal.aborted) throw error;
    const stored = await bucket.head(missing.key).catch(() => null);
    if (stored === null) throw error;
    return { kind: 'stored', size: stored.size };
  }
}
