import { BucketError, type BucketUploads } from '../../core/bucket/bucket.ts';

/** What R2 does of uploads in parts: it lists none, and takes a part by way of `send-parts.ts`. */
export type R2Uploads = Pick<BucketUploads, 'createUpload' | 'complete' | 'abortUpload'>;

/** The uploads in parts of a bucket of R2. Rejects with R2's own errors. */
export function r2Uploads(bucket: R2Bucket): R2Uploads {
  return {
    async createUpload(key) {
      const { uploadId: id } = await bucket.createMultipartUpload(key);
      return { key, id };
    },

    async complete({ key, id }, parts) {
      const named = parts.map(({ number: partNumber, etag }) => ({ partNumber, etag }));
      try {
        await bucket.resumeMultipartUpload(key, id).complete(named);
        return { kind: 'published' };
      } catch (error) {
        if (isGone(error)) return { kind: 'upload-gone' };
        throw error;
      }
    },

    async abortUpload({ key, id }) {
      await bucket.resumeMultipartUpload(key, id).abort();
    },
  };
}

/** An error of a part, as one of a bucket where R2 does not know its upload. */
export function partError(error: unknown): unknown {
  return isGone(error) ? new BucketError('R2 uploadPart', 'NoSuchUpload', 404, error) : error;
}

/** R2's NoSuchUpload and InvalidPart (R2, "Error codes"): its binding tells them in the text only. */
function isGone(error: unknown): boolean {
  return error instanceof Error && /\((?:10024|10025)\)/.test(error.message);
}
