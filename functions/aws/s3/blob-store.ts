import type { BlobIndex } from '../../core/bucket/blob-index.ts';
import type { Bucket } from '../../core/bucket/bucket.ts';
import { BucketBlobStore } from '../../core/bucket/bucket-blob-store.ts';
import { KnownBlobs } from '../../core/bucket/known-blobs.ts';
import { KeyedLock } from '../../core/concurrency/keyed-lock.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import { type BucketAddress, bucketUrl } from './object-url.ts';
import { PutBuffers } from './put-buffers.ts';

/** What the store is told when it is opened. */
export interface S3BlobStoreOptions {
  readonly address: BucketAddress;
  /** Of the service `s3` in the bucket's region. */
  readonly signer: Signer;
  readonly index: BlobIndex;
  readonly bucket: Bucket;
  /** How long a signed URL is valid, at most, in ms. */
  readonly urlLife: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** Known blobs, with their URLs. */
const mostKnown = 8192;

/** Blobs in a bucket of S3, which clients read by signed URLs. The index says what is there. */
export function s3BlobStore(options: S3BlobStoreOptions): BlobStore {
  const { address, signer, index, bucket, urlLife, now } = options;
  const base = bucketUrl(address);
  const lifeSeconds = urlLife / 1000;
  const buffers = new PutBuffers();
  return new BucketBlobStore({
    bucket,
    index,
    // A blob is known for as long as its URL is used again.
    known: new KnownBlobs({ most: mostKnown, life: urlLife / 2, now }),
    delivery: {
      sign: (key) => signer.presign({ method: 'GET', url: new URL(base + key), lifeSeconds }),
    },
    async putBlob(missing) {
      // Only a filler puts: a new instance that answers should not have to load it.
      const { putInS3 } = await import('./blob-put.ts');
      return putInS3(missing, { bucket, buffers, now });
    },
    locks: new KeyedLock(),
    now,
  });
}
