import { createHash, createHmac } from 'node:crypto';
import type { SignUrl } from '../../core/bucket/metadata-cache.ts';
import type { Hashing } from '../../core/signing/credentials.ts';
import { createSigner } from '../../core/signing/presigner.ts';

/** Where clients read the bucket, and the keys that sign their URLs. */
export interface R2SignedUrlsOptions {
  /** R2's S3 endpoint: `https://ACCOUNT.r2.cloudflarestorage.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** How long a URL is valid, in ms. */
export const bucketUrlLife = 1_200_000;

/** The hashes of a signature, by workerd's node:crypto. */
export const workerHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};

/** Signs URLs of R2's S3 endpoint for GET. */
export function r2SignedUrls(options: R2SignedUrlsOptions): SignUrl {
  const { endpoint, bucket, accessKeyId, secretAccessKey, now } = options;
  const base = `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  const credentials = () => ({ accessKeyId, secretAccessKey });
  const signer = createSigner({ region: 'auto', credentials, now, hashing: workerHashing });
  return (key, life = bucketUrlLife) =>
    signer.presign({ method: 'GET', url: new URL(base + key), lifeSeconds: life / 1000 });
}
