import type { BlobIndex } from '../../core/bucket/blob-index.ts';
import type { Bucket } from '../../core/bucket/bucket.ts';
import { BucketBlobStore } from '../../core/bucket/bucket-blob-store.ts';
import { MetadataCache } from '../../core/bucket/metadata-cache.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import { BufferPool } from './buffer-pool.ts';
import { type BucketAddress, bucketUrl } from './object-url.ts';

/** How to reach the bucket, and what says what is in it. */
export interface S3BlobStoreOptions {
  readonly address: BucketAddress;
  /** Of the service `s3` in the bucket's region. */
  readonly signer: Signer;
  readonly index: BlobIndex;
  readonly bucket: Bucket;
  /** How long a signed URL is valid, in ms. */
  readonly urlLife: number;
  /** The longest life of any URL, in ms; `urlLife` by default. */
  readonly longestUrlLife?: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** Blobs in an S3 bucket, which clients read by signed URLs. The index says what is stored. */
export function s3BlobStore(options: S3BlobStoreOptions): BlobStore {
  const { address, signer, index, bucket, urlLife, longestUrlLife = urlLife, now } = options;
  const base = bucketUrl(address);
  const buffers = new BufferPool();
  return new BucketBlobStore({
    bucket,
    index,
    // An entry lives as long as its URL is handed out.
    cache: new MetadataCache({ most: 8192, life: urlLife / 2, now }),
    delivery: {
      sign: (key, life = urlLife) =>
        signer.presign({ method: 'GET', url: new URL(base + key), lifeSeconds: life / 1000 }),
    },
    readLife: longestUrlLife,
    async putBlob(request) {
      // Loaded on demand: an instance that only answers clients never puts.
      const { putInS3 } = await import('./blob-put.ts');
      return putInS3(request, { bucket, buffers, now });
    },
    now,
  });
}
