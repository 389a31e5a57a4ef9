import { createHash, createHmac } from 'node:crypto';
import type { ReadBucket } from '../../core/bucket/blob-reader.ts';
import type { BucketObject, BucketObjects } from '../../core/bucket/bucket.ts';
import { LargeValues } from '../../core/bucket/large-values.ts';
import type { Hashing } from '../../core/signing/credentials.ts';

/** The whole objects of a bucket of R2. Rejects with R2's own errors. */
export function r2Objects(bucket: R2Bucket): BucketObjects {
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
        if (isBadDigest(error)) return { kind: 'wrong-bytes' };
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
  };
}

/** Reads objects of a bucket as streams. */
export function readR2(bucket: R2Bucket): ReadBucket {
  return async (key, range) => {
    const wanted = range && { offset: range.start, length: range.end - range.start + 1 };
    const object = await bucket.get(key, wanted ? { range: wanted } : {});
    return object === null ? undefined : { size: object.size, body: object.body };
  };
}

/** What is too large for D1, beside the blobs: `index/<name>`. */
export function r2LargeValues(bucket: R2Bucket): LargeValues {
  const keyOf = (name: string) => `index/${name}`;
  return new LargeValues({ bucket: r2Objects(bucket), keyOf, sha256Hex: workerHashing.sha256Hex });
}

function objectOf({ key, size, uploaded }: R2Object): BucketObject {
  return { key, size, modified: uploaded.getTime() };
}

/** R2's BadDigest (R2, "Error codes"): its binding tells it in the text only. */
function isBadDigest(error: unknown): boolean {
  return error instanceof Error && error.message.includes('(10037)');
}

/** The hashes of a signature, as workerd has them from node:crypto. */
export const workerHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};
