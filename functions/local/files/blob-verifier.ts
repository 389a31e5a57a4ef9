import { SingleFlight } from '../../core/concurrency/single-flight.ts';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { HashThread } from './file-hash.ts';
import type { OpenFile } from './open-file.ts';

/**
 * The blobs whose bytes this process has hashed, as they arrived or by reading them again. Files from
 * before its start are trusted by their names until something contradicts one.
 */
export class BlobVerifier {
  readonly #verified = new Set<Digest>();
  readonly #reading = new SingleFlight<boolean>({ waitUntil: () => undefined });
  /** Not the thread of the fills, which would wait while it reads a large blob. */
  readonly #thread = new HashThread();

  add(digest: Digest): void {
    this.#verified.add(digest);
  }

  forget(digest: Digest): void {
    this.#verified.delete(digest);
  }

  /** Checks a stored blob, reading its file if necessary. Rejects if the file cannot be read. */
  async check(blob: StoredBlob, open: () => Promise<OpenFile | undefined>): Promise<boolean> {
    const { digest } = blob;
    return this.#verified.has(digest) || this.#reading.run(digest, () => this.#read(blob, open));
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
      const isRight = hex === encodedOf(digest);
      if (isRight) this.#verified.add(digest);
      return isRight;
    } finally {
      file.release();
    }
  }
}
