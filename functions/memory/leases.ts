import { BoundedCache } from '../core/concurrency/bounded-cache.ts';
import { steadyClock } from '../core/concurrency/steady-clock.ts';
import type { Lease, LeaseState, Leases } from '../core/ports/leases.ts';

/** Held until then, by a clock that never goes back. */
interface HeldLease {
  readonly fence: number;
  readonly until: number;
}

/**
 * The leases of one process, and so of everything that only this process works on. They end with it;
 * fences keep rising after a restart because they start at the clock.
 */
export class MemoryLeases implements Leases {
  readonly #now: () => number;
  /** For how long leases are held: the clock may be set back. */
  readonly #elapsed: () => number;
  readonly #held = new Map<string, HeldLease>();
  readonly #notes: BoundedCache<string>;
  #lastFence = 0;

  /** `now` is the clock, in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
    this.#elapsed = steadyClock(now);
    this.#notes = new BoundedCache(1_000, now);
  }

  async acquire(key: string, milliseconds: number): Promise<Lease | undefined> {
    const now = this.#now();
    if (this.#isHeld(key)) return undefined;
    this.#lastFence = Math.max(this.#lastFence + 1, now);
    const expires = now + milliseconds;
    const lease = { key, fence: this.#lastFence, expires, note: this.#notes.get(key) };
    this.#held.set(key, { fence: lease.fence, until: this.#elapsed() + milliseconds });
    return lease;
  }

  async acquireMany(keys: readonly string[], milliseconds: number): Promise<readonly Lease[]> {
    const acquired = keys.map((key) => this.acquire(key, milliseconds));
    return (await Promise.all(acquired)).filter((lease) => lease !== undefined);
  }

  async look(key: string): Promise<LeaseState> {
    return { isHeld: this.#isHeld(key), note: this.#notes.get(key) };
  }

  #isHeld(key: string): boolean {
    const held = this.#held.get(key);
    return held !== undefined && held.until > this.#elapsed();
  }

  async renew(
    { key, fence }: Pick<Lease, 'key' | 'fence'>,
    milliseconds: number,
  ): Promise<Lease | undefined> {
    if (this.#held.get(key)?.fence !== fence || !this.#isHeld(key)) return undefined;
    this.#held.set(key, { fence, until: this.#elapsed() + milliseconds });
    return { key, fence, expires: this.#now() + milliseconds };
  }

  async release({ key, fence }: Lease, note?: string): Promise<void> {
    if (this.#held.get(key)?.fence !== fence) return;
    this.#held.delete(key);
    if (note === undefined) this.#notes.delete(key);
    else this.#notes.set(key, note);
  }
}
