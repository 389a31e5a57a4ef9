/** A lease that was granted. */
export interface Lease {
  readonly key: string;
  /** Higher than that of every earlier lease of the key: a late write of an old holder shows. */
  readonly fence: number;
  /** In ms since 1970. */
  readonly expires: number;
}

/**
 * Who may do a piece of work, across all instances.
 *
 * A key has one holder at a time. A lease that expired, also one whose holder died, goes to the
 * next who asks. Renewing or releasing a lease that was lost has no effect on the new holder.
 */
export interface Leases {
  /** undefined while another holds the key. */
  acquire(key: string, milliseconds: number): Promise<Lease | undefined>;
  /**
   * The longer lease; undefined when it was lost. Key and fence are all it takes, so a holder can
   * hand its lease on to another process.
   */
  renew(lease: Pick<Lease, 'key' | 'fence'>, milliseconds: number): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
}
