import { BlobReader } from '../../core/bucket/blob-reader.ts';
import { BucketBlobStore } from '../../core/bucket/bucket-blob-store.ts';
import { MetadataCache, type SignUrl } from '../../core/bucket/metadata-cache.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import { D1BlobIndex } from '../d1/blob-index.ts';
import { putInR2 } from './blob-put.ts';
import { r2Store, readR2 } from './bucket.ts';
import { bucketUrlLife } from './signed-urls.ts';

/** How blobs are delivered and put. */
export interface R2BlobStoreOptions {
  /** Ms since 1970. */
  readonly now: () => number;
  /** Signs the URLs that clients are redirected to; undefined: the Worker streams the blobs. */
  readonly sign: SignUrl | undefined;
  /** The longest life of any URL, in ms; 20 minutes by default. */
  readonly longestUrlLife?: number;
  /** A put that may pause does so after this many bytes; 4 GB by default. */
  readonly bytesPerPut?: number;
}

/** How long the metadata of a blob is used without asking D1, in ms. */
const metadataLife = 600_000;

/** A URL takes a hundred times as much memory as the rest of an entry. */
const mostEntries = 50_000;
const mostEntriesWithUrls = 8192;

/**
 * A hash that can be saved takes 16 ms of CPU time a megabyte, and reading and sending take as much
 * again: this needs less than half of the 300 s of an invocation.
 */
const usualBytesPerPut = 4_000_000_000;

/** Blobs in a bucket of R2. D1 says what is stored. */
export function r2BlobStore(
  bucket: R2Bucket,
  database: D1Database,
  { now, sign, longestUrlLife = bucketUrlLife, bytesPerPut = usualBytesPerPut }: R2BlobStoreOptions,
): BlobStore {
  const most = sign === undefined ? mostEntries : mostEntriesWithUrls;
  return new BucketBlobStore({
    bucket: r2Store(bucket),
    index: new D1BlobIndex(database, now),
    cache: new MetadataCache({ most, life: metadataLife, now }),
    delivery: sign === undefined ? { reader: new BlobReader(readR2(bucket), now) } : { sign },
    readLife: longestUrlLife,
    putBlob: (request) => putInR2(request, { bucket, now, bytesPerPut }),
    now,
  });
}
