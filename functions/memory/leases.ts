import { BoundedCache } from '../core/concurrency/bounded-cache.ts';
import { type Lease, type LeaseState, type Leases, longestHold } from '../core/ports/leases.ts';

/**
 * The leases of one process, and so of everything that only this process works on. They end with it;
 * fences keep rising after a restart because they start at the clock.
 */
export class MemoryLeases implements Leases {
  readonly #now: () => number;
  readonly #held = new Map<string, Lease>();
  readonly #notes: BoundedCache<string>;
  #lastFence = 0;

  /** `now` is the clock, in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
    this.#notes = new BoundedCache(1_000, now);
  }

  async acquire(key: string, milliseconds: number): Promise<Lease | undefined> {
    const now = this.#now();
    if (this.#isHeld(key, now)) return undefined;
    this.#lastFence = Math.max(this.#lastFence + 1, now);
    const expires = now + milliseconds;
    const lease = { key, fence: this.#lastFence, expires, note: this.#notes.get(key) };
    this.#held.set(key, lease);
    return lease;
  }

  async acquireMany(keys: readonly string[], milliseconds: number): Promise<readonly Lease[]> {
    const acquired = keys.map((key) => this.acquire(key, milliseconds));
    return (await Promise.all(acquired)).filter((lease) => lease !== undefined);
  }

  async look(key: string): Promise<LeaseState> {
    return { isHeld: this.#isHeld(key, this.#now()), note: this.#notes.get(key) };
  }

  #isHeld(key: string, now: number): boolean {
    const expires = this.#held.get(key)?.expires ?? 0;
    return expires > now && expires <= now + longestHold;
  }

  async renew(
    lease: Pick<Lease, 'key' | 'fence'>,
    milliseconds: number,
  ): Promise<Lease | undefined> {
    const now = this.#now();
    const held = this.#held.get(lease.key);
    if (held?.fence !== lease.fence || held.expires <= now) return undefined;
    const renewed = { key: held.key, fence: held.fence, expires: now + milliseconds };
    this.#held.set(lease.key, renewed);
    return renewed;
  }

  async release({ key, fence }: Lease, note?: string): Promise<void> {
    if (this.#held.get(key)?.fence !== fence) return;
    this.#held.delete(key);
    if (note === undefined) this.#notes.delete(key);
    else this.#notes.set(key, note);
  }
}
