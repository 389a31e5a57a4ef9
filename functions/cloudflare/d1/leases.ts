import { type Lease, type Leases, longestHold } from '../../core/ports/leases.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

/** How long the row of a lease that is over is kept for its fence, in ms. */
const keptAfterwards = 86_400_000;

/** Of so many leases that are granted, one removes the rows that are over. */
const cleaningInterval = 100;

/**
 * Leases as rows of D1, which runs one write after another: each step is one conditional statement.
 * A row stays when its lease is released, so that the fence goes on rising.
 */
export class D1Leases implements Leases {
  readonly #database: D1Database;
  readonly #now: () => number;
  #granted = 0;

  /** `now` in ms since 1970, about the same in all isolates. */
  constructor(database: D1Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async acquire(key: string, milliseconds: number): Promise<Lease | undefined> {
    const now = this.#now();
    const expires = now + milliseconds;
    const acquiring = this.#database
      .prepare(statements.acquireLease)
      .bind(key, now, expires, now + longestHold);
    const row = await busyIfOverloaded(acquiring.first<{ fence: number }>());
    if (row === null) return undefined;
    this.#granted += 1;
    if (this.#granted % cleaningInterval === 0) await this.#removeEnded(now);
    return { key, fence: row.fence, expires };
  }

  async isHeld(key: string): Promise<boolean> {
    const now = this.#now();
    const looking = this.#database.prepare(statements.isLeaseHeld);
    const row = await busyIfOverloaded(looking.bind(key, now, now + longestHold).first());
    return row !== null;
  }

  async renew(
    { key, fence }: Pick<Lease, 'key' | 'fence'>,
    milliseconds: number,
  ): Promise<Lease | undefined> {
    const now = this.#now();
    const expires = now + milliseconds;
    const row = await this.#database
      .prepare(statements.renewLease)
      .bind(key, fence, expires, now)
      .first<{ fence: number }>();
    return row === null ? undefined : { key, fence, expires };
  }

  async release(lease: Lease): Promise<void> {
    const { key, fence } = lease;
    const releasing = this.#database.prepare(statements.releaseLease);
    await busyIfOverloaded(releasing.bind(key, fence, this.#now()).run());
  }

  /** The lease was granted all the same when this fails. */
  async #removeEnded(now: number): Promise<void> {
    const removing = this.#database.prepare(statements.removeEndedLeases);
    await removing
      .bind(now - keptAfterwards)
      .run()
      .catch(() => undefined);
  }
}
