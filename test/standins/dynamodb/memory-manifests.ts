import type { LargeManifests } from '../../../functions/aws/dynamodb/manifest-item.ts';
import type { Digest } from '../../../functions/core/oci/digest.ts';

/** A bucket for large manifests in memory. */
export class MemoryManifests implements LargeManifests {
  readonly kept = new Map<Digest, Uint8Array<ArrayBuffer>>();

  async put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.kept.set(digest, bytes.slice());
  }

  async get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.kept.get(digest)?.slice();
  }

  async delete(digest: Digest): Promise<void> {
    this.kept.delete(digest);
  }
}
