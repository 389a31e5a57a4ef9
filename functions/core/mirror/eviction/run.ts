import type { Digest } from '../../oci/digest.ts';
import type { Condemnation, StoredBlob } from '../../ports/blob-store.ts';
import type { Lease } from '../../ports/leases.ts';
import type { ManifestStore } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';

/** How long the lease lasts without a renewal, in ms. */
export const evictionLeaseLife = 60_000;

/**
 * The event loop turns after this many blobs. Stores that answer at once do not let it turn, and a run
 * over 100,000 blobs would block all requests for eight seconds.
 */
const blobsPerTurn = 128;

/** One run of eviction: how much to free, what was freed, and whether the run may continue. */
export class EvictionRun {
  /** How many bytes to free. */
  excess = 0;
  readonly freed = { manifests: 0, blobs: 0, bytes: 0, history: 0 };
  /** True once a blob was left because it is being filled: a later run frees it. */
  isDeferred = false;
  readonly #context: Context;
  readonly #until: number;
  #lease: Lease | 'failed' | undefined;
  #examined = 0;

  /** `until` is in ms since 1970. With a lease that `failed`, each instance evicts on its own. */
  constructor(context: Context, lease: Lease | 'failed', until: number) {
    this.#context = context;
    this.#lease = lease;
    this.#until = until;
  }

  /** Called before each step. False once enough is freed, or when the run has to end. */
  async canContinue(): Promise<boolean> {
    return this.freed.bytes < this.excess && (await this.hasTime());
  }

  /** False at the end of the run's time, on shutdown, or when the lease was lost. */
  async hasTime(): Promise<boolean> {
    await this.#yieldToOthers();
    const { runtime, ports, stopping } = this.#context;
    const now = runtime.now();
    if (stopping.aborted || now >= this.#until) return false;
    const lease = this.#lease;
    if (lease === 'failed' || lease === undefined) return lease === 'failed';
    const left = lease.expires - now;
    // More than its whole life is left only if the clock was set back.
    if (left > evictionLeaseLife / 2 && left <= evictionLeaseLife) return true;
    this.#lease = await ports.leases.renew(lease, evictionLeaseLife);
    return this.#lease !== undefined;
  }

  /** Deletes or condemns a blob if no manifest names it and it is not being filled. */
  async deleteUnreferenced(digest: Digest): Promise<void> {
    await this.#yieldToOthers();
    const { fills, ports } = this.#context;
    if (fills.isFilling(digest)) {
      this.isDeferred = true;
      return;
    }
    if (await ports.manifests.isBlobNamed(digest)) return;
    const { condemnation } = ports.blobs;
    const deleted =
      condemnation === undefined
        ? await this.#delete(digest)
        : await condemnUnnamed(condemnation, ports.manifests, digest);
    if (deleted === undefined) return;
    this.freed.blobs += 1;
    this.freed.bytes += deleted.size;
  }

  async #delete(digest: Digest): Promise<StoredBlob | undefined> {
    const { blobs } = this.#context.ports;
    const stored = await blobs.stat(digest);
    if (stored !== undefined) await blobs.delete(digest);
    return stored;
  }

  async #yieldToOthers(): Promise<void> {
    this.#examined += 1;
    if (this.#examined % blobsPerTurn === 0) await this.#context.runtime.sleep(0);
  }

  async release(): Promise<void> {
    if (this.#lease === 'failed' || this.#lease === undefined) return;
    await this.#context.leases.release(this.#lease);
  }
}

/**
 * Condemns a blob that no manifest named a moment ago. Resolves to undefined if it was not stored, or
 * if a manifest names it by now: a pull that began in between found the blob stored, and may have
 * marked its image as complete. A pull that begins later finds that the blob is not stored.
 */
async function condemnUnnamed(
  condemnation: Condemnation,
  manifests: ManifestStore,
  digest: Digest,
): Promise<StoredBlob | undefined> {
  const condemned = await condemnation.condemn(digest);
  if (condemned === undefined) return undefined;
  if (!(await manifests.isBlobNamed(digest))) return condemned;
  await condemnation.restore(digest);
  return undefined;
}
