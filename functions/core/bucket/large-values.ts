import { algorithmOf, encodedOf, parseDigest } from '../oci/digest.ts';
import { type BucketObjects, notPublished } from './bucket.ts';

/** What is needed of a bucket to keep values in it. */
export interface LargeValuesOptions {
  readonly bucket: Pick<BucketObjects, 'get' | 'put' | 'delete'>;
  /** Where the value of a name is. */
  readonly keyOf: (name: string) => string;
  /** Lower-case hex. */
  readonly sha256Hex: (bytes: Uint8Array) => string;
}

/** Values that are too large for the index, as objects of the bucket beside the blobs. */
export class LargeValues {
  readonly #options: LargeValuesOptions;

  constructor(options: LargeValuesOptions) {
    this.#options = options;
  }

  /**
   * Stores a value; another one of that name is replaced. A name that is a SHA-256 digest is that of
   * the value: the bucket refuses other bytes.
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

  /** The value of a name; undefined when there is none. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#options.bucket.get(this.#options.keyOf(name));
  }

  /** Without effect when there is none. */
  delete(name: string): Promise<void> {
    return this.#options.bucket.delete(this.#options.keyOf(name));
  }
}
