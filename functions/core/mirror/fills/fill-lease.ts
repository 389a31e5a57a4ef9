import type { Lease } from '../../ports/leases.ts';
import type { FillOptions } from '../blob-fill.ts';
import type { FillContext } from '../context.ts';

/** How long a fill's lease lasts without a renewal, in ms. */
export const leaseLife = 60_000;

/** How often a running fill renews its lease, in ms. */
const interval = leaseLife / 3;

type LeaseContext = Pick<FillContext, 'attempt' | 'leases' | 'ports' | 'runtime'>;

/**
 * What keeps other instances from filling a blob. A fill that was queued a moment ago needs no lease at
 * first, because no other job of the blob is queued for a minute: it looks for the lease of an earlier fill,
 * which is a read, and takes one when it has run for 20 s. So a fill of a few seconds writes none.
 */
export class FillLease {
  readonly #context: LeaseContext;
  readonly #key: string;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #lease: Lease | undefined;

  private constructor(context: LeaseContext, key: string, lease: Lease | undefined) {
    this.#context = context;
    this.#key = key;
    this.#lease = lease;
    this.#heartbeat = setInterval(() => context.runtime.waitUntil(this.#renew()), interval);
  }

  /** Undefined while another instance fills the blob. `fillKey` identifies the blob. */
  static async take(
    context: LeaseContext,
    fillKey: string,
    { fence, reservedUntil }: Pick<FillOptions, 'fence' | 'reservedUntil'>,
  ): Promise<FillLease | undefined> {
    const { leases } = context.ports;
    const key = `fill:${fillKey}`;
    if (isReserved(reservedUntil, context.runtime.now())) {
      const state = await context.attempt.leases.look(key);
      if (typeof state === 'object' && !state.isHeld) return new FillLease(context, key, undefined);
    }
    // The lease that a paused fill passed on.
    const passedOn =
      fence === undefined ? undefined : await leases.renew({ key, fence }, leaseLife);
    const lease = passedOn ?? (await leases.acquire(key, leaseLife));
    return lease && new FillLease(context, key, lease);
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (this.#lease !== undefined) await this.#context.leases.release(this.#lease);
  }

  /** The lease with its full life, for the fill that continues this one; undefined if there is none. */
  async handOn(): Promise<Lease | undefined> {
    clearInterval(this.#heartbeat);
    await this.#renew();
    return this.#lease;
  }

  async #renew(): Promise<void> {
    const { leases } = this.#context;
    const held = this.#lease;
    const renewed = held && (await leases.renew(held, leaseLife));
    this.#lease = held ? (renewed ?? held) : await leases.acquire(this.#key, leaseLife);
  }
}

/** More than its life is left only by a wrong clock. `now` in ms since 1970. */
function isReserved(until: number | undefined, now: number): boolean {
  const left = (until ?? 0) - now;
  return left > interval && left <= leaseLife + interval;
}
