import type { Digest } from '../oci/digest.ts';
import type { Condemnation, CondemnedBlob, StoredBlob } from '../ports/blob-store.ts';
import type { BlobIndex, IndexedBlob } from './blob-index.ts';
import { blobKey } from './blob-key.ts';
import type { BucketObjects } from './bucket.ts';

/** How much the clocks of instances may differ, and how long requests may take, in ms. */
const tolerance = 600_000;

export interface BucketCondemnationOptions {
  readonly bucket: Pick<BucketObjects, 'delete'>;
  readonly index: BlobIndex;
  /** How long an instance acts on what the index said, in ms. */
  readonly memoryLife: number;
  /** How long a signed URL is valid, or how long a stream may take, in ms. */
  readonly readLife: number;
  /** Drops what this instance remembers of a blob. */
  readonly forgetHere: (digest: Digest) => void;
  /** Ms since 1970. */
  readonly now: () => number;
}

/**
 * Deletion from a bucket in two steps. With T the time at which a blob is condemned and L the
 * `memoryLife`:
 *
 * - until T + L an instance may serve an image as complete, and redirect to its blobs from memory
 * - until T + 2 L the clients that got such an image request its blobs, which are still located
 * - until T + 3 L an instance that located one in time may redirect to it, by a URL of full life
 *
 * Then the last URL expires, and the object may be deleted.
 */
export class BucketCondemnation implements Condemnation {
  readonly memoryLife: number;
  /** How long a condemned blob's object stays, in ms. */
  readonly wait: number;
  readonly #options: BucketCondemnationOptions;

  constructor(options: BucketCondemnationOptions) {
    const { memoryLife, readLife } = options;
    this.#options = options;
    this.memoryLife = memoryLife;
    this.wait = 3 * memoryLife + readLife + tolerance;
  }

  /** True if a blob can be located: it is stored, or was condemned only lately. */
  isReadable(blob: IndexedBlob | undefined): boolean {
    if (blob === undefined || blob.isDeleting) return false;
    const { condemned } = blob;
    return condemned === undefined || this.#options.now() - condemned < 2 * this.memoryLife;
  }

  async condemn(digest: Digest): Promise<StoredBlob | undefined> {
    const { index, forgetHere, now } = this.#options;
    const condemned = await index.condemn(digest, Math.round(now()));
    forgetHere(digest);
    return condemned;
  }

  due(limit: number): Promise<readonly CondemnedBlob[]> {
    const { index, now } = this.#options;
    return index.condemnedBefore(now() - this.wait, limit);
  }

  async restore(digest: Digest): Promise<void> {
    await this.#options.index.restore(digest);
  }

  async erase(blob: CondemnedBlob): Promise<void> {
    const { bucket, index, forgetHere, now } = this.#options;
    if (!(await index.claim(blob, Math.round(now())))) return;
    await bucket.delete(blobKey(blob.digest));
    await index.forget(blob);
    forgetHere(blob.digest);
  }
}
