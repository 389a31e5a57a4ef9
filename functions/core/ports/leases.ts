/** A lease that was granted. */
export interface Lease {
  readonly key: string;
  /** Higher than that of every earlier lease of the key: a late write of an old holder shows. */
  readonly fence: number;
  /** In ms since 1970. */
  readonly expires: number;
}

/** The longest life of a lease, in ms. */
export const longestLease = 60_000;

/**
 * A lease that is held for longer than this was granted or renewed by a clock that is wrong, or this
 * clock was set back: it counts as over, so that a key is not lost for hours. In ms.
 */
export const longestHold = 2 * longestLease;

/**
 * Who may do a piece of work, across all instances.
 *
 * A key has one holder at a time. A lease that expired, also one whose holder died, goes to the
 * next who asks. Renewing or releasing a lease that was lost has no effect on the new holder.
 * Instances judge by their own clocks, which may differ by less than a lease's life.
 */
export interface Leases {
  /**
   * A lease for so many ms, `longestLease` at most; undefined while another holds the key. Rejects
   * with StoreBusy when too many ask at once: as a rule one of them holds it then. It costs a write
   * also when it is refused, so those who wait for a key ask `isHeld` instead.
   */
  acquire(key: string, milliseconds: number): Promise<Lease | undefined>;
  /**
   * Whether somebody holds the key. It is a read that any number may ask at once, and may be as old
   * as a moment. Rejects with StoreBusy as well.
   */
  isHeld(key: string): Promise<boolean>;
  /**
   * The longer lease; undefined when it was lost. Key and fence are all it takes, so a holder can
   * hand its lease on to another process.
   */
  renew(lease: Pick<Lease, 'key' | 'fence'>, milliseconds: number): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
}

/**
 * A store refuses a call because too many ask at once, and did nothing. The same call may succeed a
 * second later. Any method of a store may reject with it.
 */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy';
}
