import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { HashThread } from './file-hash.ts';
import type { OpenFile } from './open-file.ts';

/**
 * The blobs whose bytes this process hashed: on their way in, or by reading them again. Files that
 * were there before it are taken for what their names say, until something speaks against one.
 */
export class BlobVerifier {
  readonly #verified = new Set<Digest>();
  readonly #running = new Map<Digest, Promise<boolean>>();
  /** Not the one of the fills: they would have to wait for all of a large blob. */
  readonly #thread = new HashThread();

  add(digest: Digest): void {
    this.#verified.add(digest);
  }

  forget(digest: Digest): void {
    this.#verified.delete(digest);
  }

  /**
   * Whether a stored blob is right. Unless that is known its file, as `open` gives it, is read once
   * for all who ask; rejects when it cannot be read.
   */
  async check(blob: StoredBlob, open: () => Promise<OpenFile | undefined>): Promise<boolean> {
    const { digest } = blob;
    if (this.#verified.has(digest)) return true;
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const reading = this.#read(blob, open).finally(() => this.#running.delete(digest));
    this.#running.set(digest, reading);
    return reading;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #read(
    { digest, size }: StoredBlob,
    open: () => Promise<OpenFile | undefined>,
  ): Promise<boolean> {
    const file = await open();
    if (file === undefined) return false;
    try {
      const hex = await this.#thread.hash(algorithmOf(digest), file).hex(size);
      if (hex !== encodedOf(digest)) return false;
      this.#verified.add(digest);
      return true;
    } finally {
      file.release();
    }
  }
}
