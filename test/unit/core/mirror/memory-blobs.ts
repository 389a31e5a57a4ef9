import type { Digest } from '../../../../functions/core/oci/digest.ts';
import type {
  BlobPut,
  BlobStore,
  StoredBlob,
} from '../../../../functions/core/ports/blob-store.ts';

/** Blobs of 1,000 bytes each, of which nothing is kept but that they are stored. */
export class MemoryBlobs implements BlobStore {
  readonly stored = new Set<Digest>();
  /** How often each method was called. */
  readonly calls = { stat: 0, delete: 0, list: 0, usedBytes: 0 };
  /** Awaited by each call that a service would answer over the network. */
  answer: (method: keyof MemoryBlobs['calls']) => Promise<void> = async () => undefined;

  async #asked(method: keyof MemoryBlobs['calls']): Promise<void> {
    this.calls[method] += 1;
    await this.answer(method);
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    await this.#asked('stat');
    return this.stored.has(digest) ? blobOf(digest) : undefined;
  }

  async locate(): Promise<undefined> {}

  put(): BlobPut {
    throw new Error('nothing is put here');
  }

  noteStored(): void {}

  async delete(digest: Digest): Promise<void> {
    await this.#asked('delete');
    this.stored.delete(digest);
  }

  async *list(after = ''): AsyncGenerator<StoredBlob> {
    await this.#asked('list');
    for (const digest of [...this.stored].sort()) if (digest > after) yield blobOf(digest);
  }

  async usedBytes(): Promise<number> {
    await this.#asked('usedBytes');
    return this.stored.size * 1000;
  }
}

function blobOf(digest: Digest): StoredBlob {
  return { digest, size: 1000, stored: 0 };
}
