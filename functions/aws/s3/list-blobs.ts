import type { Digest } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import type { BlobIndex } from './blob-index.ts';
import type { Bucket, BucketObject } from './bucket.ts';
import { blobKey, blobPrefix, digestOfKey } from './object-key.ts';

/** So many blobs the index is asked for at once: one call, and who takes a few pays for few. */
const asked = 100;

/**
 * All blobs of the bucket, or those behind `after`, by key. An object that the index lacks was
 * verified before it was published, and its writer died: the index is told of it, so that it can be
 * found, counted and evicted.
 */
export async function* listBlobs(
  bucket: Bucket,
  index: BlobIndex,
  after: Digest | undefined,
): AsyncGenerator<StoredBlob> {
  for await (const page of bucket.list(blobPrefix, after && blobKey(after))) {
    for (let at = 0; at < page.length; at += asked) {
      yield* readBlobs(bucket, index, page.slice(at, at + asked));
    }
  }
}

async function* readBlobs(
  bucket: Bucket,
  index: BlobIndex,
  objects: readonly BucketObject[],
): AsyncGenerator<StoredBlob> {
  const digests = objects.map(({ key }) => digestOfKey(key)).filter((found) => found !== undefined);
  const known = new Map((await index.getMany(digests)).map((blob) => [blob.digest, blob]));
  for (const object of objects) {
    const digest = digestOfKey(object.key);
    if (digest === undefined) continue;
    const blob = known.get(digest) ?? (await adopt(bucket, index, object, digest));
    if (blob !== undefined) yield blob;
  }
}

async function adopt(
  bucket: Bucket,
  index: BlobIndex,
  { key }: BucketObject,
  digest: Digest,
): Promise<StoredBlob | undefined> {
  // It may have been noted, or deleted, since the page was read.
  const noted = await index.get(digest);
  const object = noted === undefined ? await bucket.head(key) : undefined;
  if (object === undefined) return noted;
  const blob = { digest, size: object.size, stored: object.modified };
  await index.put(blob);
  return blob;
}
