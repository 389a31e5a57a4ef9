import type { Digest } from '../../oci/digest.ts';
import type { Lease } from '../../ports/leases.ts';
import type { Context } from '../context.ts';

/** How long an instance that evicts is believed alive without a sign of it, in ms. */
export const evictionLeaseLife = 60_000;

/**
 * After so many looks at blobs the event loop turns. Stores that answer at once would not let it, and
 * all requests would wait until a run has looked at every blob: eight seconds for 100,000.
 */
const looksPerTurn = 128;

/** One instance's turn to evict: what is to go, what went, and whether it may go on. */
export class EvictionRun {
  /** How much is to go, in bytes. */
  excess = 0;
  readonly freed = { manifests: 0, blobs: 0, bytes: 0 };
  readonly #context: Context;
  readonly #until: number;
  #lease: Lease | 'failed' | undefined;
  #looks = 0;

  /**
   * `until` in ms since 1970. A lease that `failed` could not be had: then each instance evicts for
   * itself.
   */
  constructor(context: Context, lease: Lease | 'failed', until: number) {
    this.#context = context;
    this.#lease = lease;
    this.#until = until;
  }

  /**
   * Asked before each step. False when enough is free, when this instance has to end, and when it
   * was so slow that another may have its turn.
   */
  async goesOn(): Promise<boolean> {
    await this.#letOthersRun();
    const { runtime, ports, stopping } = this.#context;
    const now = runtime.now();
    if (this.freed.bytes >= this.excess || stopping.aborted || now >= this.#until) return false;
    const lease = this.#lease;
    if (lease === 'failed' || lease === undefined) return lease === 'failed';
    if (lease.expires - now > evictionLeaseLife / 2) return true;
    this.#lease = await ports.leases.renew(lease, evictionLeaseLife);
    return this.#lease !== undefined;
  }

  /** Deletes a blob that no manifest names, unless it is being filled. */
  async deleteUnnamed(digest: Digest): Promise<void> {
    await this.#letOthersRun();
    const { fills, ports } = this.#context;
    if (fills.isFilling(digest)) return;
    if (await ports.manifests.isBlobNamed(digest)) return;
    const stored = await ports.blobs.stat(digest);
    if (stored === undefined) return;
    await ports.blobs.delete(digest);
    this.freed.blobs += 1;
    this.freed.bytes += stored.size;
  }

  async #letOthersRun(): Promise<void> {
    this.#looks += 1;
    if (this.#looks % looksPerTurn === 0) await this.#context.runtime.sleep(0);
  }

  /** Lets the next instance evict. */
  async release(): Promise<void> {
    if (this.#lease === 'failed' || this.#lease === undefined) return;
    await this.#context.leases.release(this.#lease);
  }
}
