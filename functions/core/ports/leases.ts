/** A granted lease. */
export interface Lease {
  readonly key: string;
  /** Increases with every lease of the key, so a late write by an old holder can be detected. */
  readonly fence: number;
  /** In ms since 1970. */
  readonly expires: number;
  /** What the holder before left. Not set by `acquireMany` and `renew`. */
  readonly note?: string | undefined;
}

/** Whether a key is held, and the last note that a holder left. */
export interface LeaseState {
  readonly isHeld: boolean;
  readonly note: string | undefined;
}

/** The longest life of a lease, in ms. */
export const longestLease = 60_000;

/**
 * A lease that expires later than this from now is due to a wrong clock, its holder's or ours. It
 * counts as expired, so that the key is not blocked for hours. In ms.
 */
export const longestHold = 2 * longestLease;

/**
 * Mutual exclusion across all instances.
 *
 * A key has one holder at a time. An expired lease goes to the next instance that acquires it, also if
 * its holder died. Renewing or releasing a lost lease does not affect the new holder. Instances use
 * their own clocks, which must differ by less than a lease's life. Leases of a single process last as long
 * as they should even if its clock is set back.
 */
export interface Leases {
  /**
   * A lease for at most `longestLease`; undefined while another instance holds the key. Rejects with
   * StoreBusy when too many instances ask at once, one of which usually holds it. Each call costs a
   * write, so waiters poll `look` instead.
   */
  acquire(key: string, milliseconds: number): Promise<Lease | undefined>;
  /**
   * Leases of those of many keys that are free. A key that the store throttles counts as held, unless
   * the store is too busy for all of them: then it rejects with StoreBusy.
   */
  acquireMany(keys: readonly string[], milliseconds: number): Promise<readonly Lease[]>;
  /**
   * Whether an instance holds the key, and what was noted. Any number of instances may call this at once; the answer may
   * be slightly out of date. Rejects with StoreBusy too.
   */
  look(key: string): Promise<LeaseState>;
  /**
   * The renewed lease; undefined when it was lost. It takes only the key and the fence, so a holder can
   * hand its lease on to another process.
   */
  renew(lease: Pick<Lease, 'key' | 'fence'>, milliseconds: number): Promise<Lease | undefined>;
  /**
   * Frees the key, with a note of at most 1,000 characters for those that wait. Without one, earlier
   * notes are dropped; a holder that dies drops none.
   */
  release(lease: Lease, note?: string): Promise<void>;
}

/**
 * A store throttled a call, which had no effect and may succeed a second later. Any method of a store
 * may reject with it.
 */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy';
}
