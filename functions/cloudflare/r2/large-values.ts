/**
 * What is larger than this goes to the bucket, in bytes. D1 holds two million in a row; a statement
 * with less is quicker, and few manifests and lists have more.
 */
export const mostInlineBytes = 500_000;

/** Bytes that are too large for D1, in the bucket beside the blobs, by a name of the caller's. */
export class R2LargeValues {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#bucket.put(keyOf(name), bytes);
  }

  async get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const found = await this.#bucket.get(keyOf(name));
    return found === null ? undefined : new Uint8Array(await found.arrayBuffer());
  }

  async delete(name: string): Promise<void> {
    await this.#bucket.delete(keyOf(name));
  }
}

function keyOf(name: string): string {
  return `index/${name}`;
}
