import { BoundedCache } from '../../core/concurrency/bounded-cache.ts';
import { amzDate } from '../../core/signing/canonical-request.ts';
import type { AwsCredentials } from '../../core/signing/credentials.ts';
import { presignedUrl, signatureParameters } from '../../core/signing/presigner.ts';
import { keptSigningKey } from '../../core/signing/signing-key.ts';
import { workerHashing } from './bucket-objects.ts';

/** Where clients read the bucket themselves, and by whose keys. */
export interface R2SignedUrlsOptions {
  /** R2's S3 endpoint: `https://ACCOUNT.r2.cloudflarestorage.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** How long a URL is good, in seconds; 20 minutes unless said. */
  readonly lifeSeconds?: number | undefined;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** URLs that are kept: each is about half a kilobyte. */
const mostKept = 5_000;

/** URLs of R2's S3 endpoint that are signed for GET, each used again for half of its life. */
export class R2SignedUrls {
  readonly #credentials: AwsCredentials;
  readonly #keyOf = keptSigningKey('auto', workerHashing);
  readonly #kept: BoundedCache<string>;
  readonly #base: string;
  readonly #lifeSeconds: number;
  readonly #now: () => number;

  constructor(options: R2SignedUrlsOptions) {
    const { accessKeyId, secretAccessKey, now } = options;
    this.#credentials = { accessKeyId, secretAccessKey };
    this.#kept = new BoundedCache(mostKept, now);
    this.#base = `${options.endpoint.replace(/\/+$/, '')}/${options.bucket}`;
    this.#lifeSeconds = options.lifeSeconds ?? 1_200;
    this.#now = now;
  }

  urlOf(key: string): string {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const date = amzDate(this.#now());
    const signingKey = this.#keyOf(this.#credentials, date.slice(0, 8));
    const query = signatureParameters(date, this.#lifeSeconds, signingKey);
    const url = new URL(`${this.#base}/${key}`);
    const request = { method: 'GET', url, date, query };
    const signed = presignedUrl(request, signingKey, workerHashing);
    this.#kept.set(key, signed, this.#lifeSeconds * 500);
    return signed;
  }
}
