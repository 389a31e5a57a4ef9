import { algorithmOf, encodedOf, parseDigest } from '../oci/digest.ts';
import { type BucketObjects, notPublished } from './bucket.ts';

/** Where values are kept, and how they are hashed. */
export interface LargeValuesOptions {
  readonly bucket: Pick<BucketObjects, 'get' | 'put' | 'delete'>;
  /** The key of a value's object. */
  readonly keyOf: (name: string) => string;
  /** Lower-case hex. */
  readonly sha256Hex: (bytes: Uint8Array) => string;
}

/** Values that are too large for the index, kept as objects beside the blobs. */
export class LargeValues {
  readonly #options: LargeValuesOptions;

  constructor(options: LargeValuesOptions) {
    this.#options = options;
  }

  /**
   * Stores a value, or replaces it. A name that is a SHA-256 digest must be the value's own: the bucket
   * refuses other bytes.
   */
  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { bucket, keyOf, sha256Hex } = this.#options;
    const digest = parseDigest(name);
    const isSha256 = digest !== undefined && algorithmOf(digest) === 'sha256';
    const sha256 = isSha256 ? encodedOf(digest) : sha256Hex(bytes);
    const announced = { size: bytes.byteLength, sha256, replace: true };
    const published = await bucket.put(keyOf(name), bytes, announced);
    if (published.kind !== 'published') throw notPublished('put a large value', published);
  }

  /** Undefined when there is no value of that name. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#options.bucket.get(this.#options.keyOf(name));
  }

  /** Without effect when there is none. */
  delete(name: string): Promise<void> {
    return this.#options.bucket.delete(this.#options.keyOf(name));
  }
}
