import { BoundedCache } from '../../core/concurrency/bounded-cache.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { OpenFile } from './open-file.ts';

/** Configs and the like: below this, in bytes, opening a file costs more than what is in it. */
const smallBlob = 32 * 1024;

/** What is kept of them, in bytes. */
const memoryBytes = 16 * 1024 * 1024;

/** The contents of small blobs that were lately served: each pull of an image asks for its config. */
export class SmallBlobs {
  readonly #bytes = new BoundedCache<Uint8Array<ArrayBuffer>>(memoryBytes, () => 0);

  /** True for a blob of a size that is kept here. */
  takes(size: number): boolean {
    return size <= smallBlob;
  }

  get(digest: Digest): Uint8Array<ArrayBuffer> | undefined {
    return this.#bytes.get(digest);
  }

  /** Reads a small blob out of its open file and keeps it; rejects when it is shorter than it was. */
  async read(digest: Digest, size: number, file: OpenFile): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const count = await file.readInto(bytes.subarray(at), size - at, at);
      if (count === 0) throw new Error('a stored blob is shorter than it was');
      at += count;
    }
    // An empty blob weighs something too: its key is kept.
    this.#bytes.set(digest, bytes, undefined, size + 200);
    return bytes;
  }

  forget(digest: Digest): void {
    this.#bytes.delete(digest);
  }
}
