import { BlobReader } from '../../core/bucket/blob-reader.ts';
import { BucketBlobStore } from '../../core/bucket/bucket-blob-store.ts';
import { KnownBlobs, type SignUrl } from '../../core/bucket/known-blobs.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import { D1BlobIndex } from '../d1/blob-index.ts';
import { putInR2 } from './blob-put.ts';
import { r2Objects, readR2 } from './bucket-objects.ts';
import { r2Uploads } from './bucket-uploads.ts';

/** What the store is told when it is opened. */
export interface R2BlobStoreOptions {
  /** Ms since 1970. */
  readonly now: () => number;
  /** Clients are redirected to the URLs that it signs; undefined: the bytes go through the Worker. */
  readonly sign: SignUrl | undefined;
  /** After so many bytes a put that may pause does so; 4 GB unless said. */
  readonly bytesPerPut?: number;
}

/** How long a blob is believed stored without asking, in ms. */
const knownLife = 600_000;
/** A URL takes a hundred times as much as what else is known of a blob. */
const mostKnown = 50_000;
const mostKnownWithUrls = 8192;

/**
 * A hash that can pause takes 16 ms of CPU for a megabyte, and reading and sending as much again: so
 * many bytes cost less than half of the 300 s that an invocation has.
 */
const usualBytesPerPut = 4_000_000_000;

/** The blobs in a bucket of R2, by digest. The bucket decides what is stored; D1 adds it up. */
export function r2BlobStore(
  bucket: R2Bucket,
  database: D1Database,
  { now, sign, bytesPerPut = usualBytesPerPut }: R2BlobStoreOptions,
): BlobStore {
  const most = sign === undefined ? mostKnown : mostKnownWithUrls;
  return new BucketBlobStore({
    bucket: { ...r2Objects(bucket), ...r2Uploads(bucket) },
    index: new D1BlobIndex(database, now),
    known: new KnownBlobs({ most, life: knownLife, now }),
    delivery: sign === undefined ? { reader: new BlobReader(readR2(bucket), now) } : { sign },
    putBlob: (missing) => putInR2(missing, { bucket, now, bytesPerPut }),
    // An invocation that workerd ends settles nothing, and what the index knows is only a sum.
    locks: undefined,
    now,
  });
}
