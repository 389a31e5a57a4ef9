import { createHash, createHmac } from 'node:crypto';
import { BoundedCache } from '../core/mirror/memory/bounded-cache.ts';
import type { Hashing } from '../core/signing/hashing.ts';
import { createSigner, type PresignedUrl, type Signer } from '../core/signing/signer.ts';

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

/** The hashes of a signature, as workerd has them from node:crypto. */
const hashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};

/** URLs of R2's S3 endpoint that are signed for GET, each used again for half of its life. */
export class R2SignedUrls {
  readonly #signer: Signer;
  readonly #kept: BoundedCache<string>;
  readonly #base: string;
  readonly #lifeSeconds: number;
  readonly #now: () => number;

  constructor(options: R2SignedUrlsOptions) {
    const { accessKeyId, secretAccessKey, now } = options;
    const credentials = () => ({ accessKeyId, secretAccessKey });
    this.#signer = createSigner({ region: 'auto', service: 's3', credentials, now, hashing });
    this.#kept = new BoundedCache(mostKept, now);
    this.#base = `${options.endpoint.replace(/\/+$/, '')}/${options.bucket}`;
    this.#lifeSeconds = options.lifeSeconds ?? 1_200;
    this.#now = now;
  }

  async urlOf(key: string): Promise<string> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const { url, expires }: PresignedUrl = await this.#signer.presign({
      method: 'GET',
      url: new URL(`${this.#base}/${key}`),
      lifeSeconds: this.#lifeSeconds,
    });
    this.#kept.set(key, url, (expires - this.#now()) / 2);
    return url;
  }
}
