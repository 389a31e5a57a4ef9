import type { ReadBucket } from '../../core/bucket/blob-reader.ts';
import {
  BucketError,
  type BucketObject,
  type BucketObjects,
  type BucketUploads,
} from '../../core/bucket/bucket.ts';
import { LargeValues } from '../../core/bucket/large-values.ts';
import { workerHashing } from './signed-urls.ts';

/** R2 lists no parts, and `send-parts.ts` uploads them. */
type R2Store = BucketObjects & Omit<BucketUploads, 'uploadPart' | 'listParts'>;

/** A bucket of R2. Rejects with R2's own errors. */
export function r2Store(bucket: R2Bucket): R2Store {
  return {
    async head(key) {
      const object = await bucket.head(key);
      return object === null ? undefined : objectOf(object);
    },

    async get(key) {
      const object = await bucket.get(key);
      return object === null ? undefined : new Uint8Array(await object.arrayBuffer());
    },

    async put(key, bytes, { sha256 }) {
      try {
        await bucket.put(key, bytes, { sha256 });
        return { kind: 'published' };
      } catch (error) {
        if (hasCode(error, badDigest)) return { kind: 'wrong-bytes' };
        throw error;
      }
    },

    async delete(key) {
      await bucket.delete(key);
    },

    async *list(prefix, after) {
      let place: R2ListOptions | undefined = after === undefined ? {} : { startAfter: after };
      while (place !== undefined) {
        const page: R2Objects = await bucket.list({ prefix, ...place });
        yield page.objects.map(objectOf);
        place = page.truncated ? { cursor: page.cursor } : undefined;
      }
    },

    async createUpload(key) {
      const { uploadId: id } = await bucket.createMultipartUpload(key);
      return { key, id };
    },

    async complete({ key, id }, parts) {
      const uploaded = parts.map(({ number: partNumber, etag }) => ({ partNumber, etag }));
      try {
        await bucket.resumeMultipartUpload(key, id).complete(uploaded);
        return { kind: 'published' };
      } catch (error) {
        if (hasCode(error, uploadGone)) return { kind: 'upload-gone' };
        throw error;
      }
    },

    async abortUpload({ key, id }) {
      await bucket.resumeMultipartUpload(key, id).abort();
    },
  };
}

/** Streams the objects of a bucket. */
export function readR2(bucket: R2Bucket): ReadBucket {
  return async (key, range) => {
    const wanted = range && { offset: range.start, length: range.end - range.start + 1 };
    const object = await bucket.get(key, wanted ? { range: wanted } : {});
    return object === null ? undefined : { size: object.size, body: object.body };
  };
}

/** Values that are too large for D1, beside the blobs: `index/<name>`. */
export function r2LargeValues(bucket: R2Bucket): LargeValues {
  const keyOf = (name: string) => `index/${name}`;
  return new LargeValues({ bucket: r2Store(bucket), keyOf, sha256Hex: workerHashing.sha256Hex });
}

/** Converts the error of a part whose upload R2 does not know to a BucketError. */
export function partError(error: unknown): unknown {
  const isGone = hasCode(error, uploadGone);
  return isGone ? new BucketError('R2 uploadPart', 'NoSuchUpload', 404, error) : error;
}

function objectOf({ key, size, uploaded }: R2Object): BucketObject {
  return { key, size, modified: uploaded.getTime() };
}

/** R2, "Error codes": BadDigest, and NoSuchUpload or InvalidPart. */
const badDigest = /\(10037\)/;
const uploadGone = /\((?:10024|10025)\)/;

/** R2's binding has the code of an error only in its message. */
function hasCode(error: unknown, code: RegExp): boolean {
  return error instanceof Error && code.test(error.message);
}
