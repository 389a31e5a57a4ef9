import { createHash } from 'node:crypto';
import { BoundedCache } from '../../core/concurrency/bounded-cache.ts';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import type { OpenFile } from './open-file.ts';

/** Up to this size, in bytes, opening a file costs more than reading it. */
const smallBlob = 32 * 1024;

/** The size of the cache, in bytes. */
const memoryBytes = 16 * 1024 * 1024;

/** A cache of small blobs such as configs, which every pull of an image requests. */
export class SmallBlobs {
  readonly #bytes = new BoundedCache<Uint8Array<ArrayBuffer>>(memoryBytes, () => 0);

  isSmall(size: number): boolean {
    return size <= smallBlob;
  }

  get(digest: Digest): Uint8Array<ArrayBuffer> | undefined {
    return this.#bytes.get(digest);
  }

  /**
   * Reads a small blob from its file and caches it; undefined if it does not match its digest. Rejects
   * if the file is shorter than `size`.
   */
  async read(
    digest: Digest,
    size: number,
    file: OpenFile,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) at += await file.readInto(bytes.subarray(at), size - at, at);
    const hex = createHash(algorithmOf(digest)).update(bytes).digest('hex');
    if (hex !== encodedOf(digest)) return undefined;
    // The key of an empty blob takes memory too.
    this.#bytes.set(digest, bytes, undefined, size + 200);
    return bytes;
  }

  forget(digest: Digest): void {
    this.#bytes.delete(digest);
  }
}
