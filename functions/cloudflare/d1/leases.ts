import { type Lease, type LeaseState, type Leases, longestHold } from '../../core/ports/leases.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

/** How long an expired lease is kept for its fence, in ms. */
const fenceLife = 86_400_000;

/** One of this many granted leases also deletes expired rows. */
const cleanupInterval = 100;

interface NoteRow {
  readonly note: string | null;
}

/**
 * Leases as rows of D1. Each step is one conditional statement, because D1 runs writes one after
 * another. A row outlives its lease, so that fences keep increasing.
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
    const statement = this.#database
      .prepare(statements.acquireLease)
      .bind(key, now, expires, now + longestHold);
    const row = await busyIfOverloaded(statement.first<{ fence: number } & NoteRow>());
    if (row === null) return undefined;
    await this.#countGranted(now);
    return { key, fence: row.fence, expires, note: row.note ?? undefined };
  }

  async acquireMany(keys: readonly string[], milliseconds: number): Promise<readonly Lease[]> {
    const now = this.#now();
    const expires = now + milliseconds;
    const statement = this.#database
      .prepare(statements.acquireLeases)
      .bind(JSON.stringify(keys), now, expires, now + longestHold);
    const { results } = await busyIfOverloaded(statement.all<{ key: string; fence: number }>());
    await this.#countGranted(now);
    return results.map(({ key, fence }) => ({ key, fence, expires }));
  }

  async look(key: string): Promise<LeaseState> {
    const now = this.#now();
    const statement = this.#database
      .prepare(statements.lookAtLease)
      .bind(key, now, now + longestHold);
    const row = await busyIfOverloaded(statement.first<{ isHeld: number } & NoteRow>());
    return { isHeld: row?.isHeld === 1, note: row?.note ?? undefined };
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

  async release({ key, fence }: Lease, note?: string): Promise<void> {
    const statement = this.#database.prepare(statements.releaseLease);
    await busyIfOverloaded(statement.bind(key, fence, this.#now(), note ?? null).run());
  }

  async #countGranted(now: number): Promise<void> {
    this.#granted += 1;
    if (this.#granted % cleanupInterval === 0) await this.#removeExpired(now);
  }

  /** A failure does not matter: the lease was granted. */
  async #removeExpired(now: number): Promise<void> {
    await this.#database
      .prepare(statements.removeExpiredLeases)
      .bind(now - fenceLife)
      .run()
      .catch(() => undefined);
  }
}
