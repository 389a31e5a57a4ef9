import type { SignUrl } from '../../core/bucket/known-blobs.ts';
import { createSigner } from '../../core/signing/presigner.ts';
import { workerHashing } from './bucket-objects.ts';

/** Where clients read the bucket themselves, and by whose keys. */
export interface R2SignedUrlsOptions {
  /** R2's S3 endpoint: `https://ACCOUNT.r2.cloudflarestorage.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** How long a URL is good, in seconds. */
const lifeSeconds = 1200;

/** Signs URLs of R2's S3 endpoint for GET. */
export function r2SignedUrls(options: R2SignedUrlsOptions): SignUrl {
  const { endpoint, bucket, accessKeyId, secretAccessKey, now } = options;
  const base = `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  const credentials = () => ({ accessKeyId, secretAccessKey });
  const signer = createSigner({ region: 'auto', credentials, now, hashing: workerHashing });
  return (key) => signer.presign({ method: 'GET', url: new URL(base + key), lifeSeconds });
}
