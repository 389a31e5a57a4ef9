import { randomUUID } from 'node:crypto';
import {
  type Lease,
  type LeaseState,
  type Leases,
  longestHold,
  StoreBusy,
} from '../../core/ports/leases.ts';
import { forEachInParallel } from './batch.ts';
import { number, numberOf, text, textOf } from './item.ts';
import { leaseKey } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/** How long an expired lease is kept for its fence, in seconds. */
const fenceLife = 86_400;

/**
 * Leases as items of the table. An item outlives its lease by a day, so that fences keep increasing.
 * After that the next fence starts at the clock, which is higher still.
 */
export class DynamoDbLeases implements Leases {
  readonly #table: DynamoDbTable;
  readonly #now: () => number;

  /** `now` in ms since 1970, about the same in all instances. */
  constructor(table: DynamoDbTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  async acquire(key: string, milliseconds: number): Promise<Lease | undefined> {
    const now = this.#now();
    const expires = now + milliseconds;
    const outcome = await this.#table.update(leaseKey(key), {
      update:
        'SET #fence = if_not_exists(#fence, :now) + :one, #expires = :expires, #ttl = :ttl, #holder = :holder',
      // Each call has its own holder, so that a retry after a lost response recognizes its write.
      condition:
        'attribute_not_exists(#pk) OR #expires <= :now OR #expires > :latest OR #holder = :holder',
      values: {
        ':now': number(now),
        ':latest': number(now + longestHold),
        ':one': number(1),
        ':expires': number(expires),
        ':ttl': number(endOfItem(expires)),
        ':holder': text(randomUUID()),
      },
      answer: 'ALL_NEW',
    });
    if (outcome.kind === 'refused') return undefined;
    const fence = numberOf(outcome.item, 'fence');
    const note = textOf(outcome.item, 'note');
    return fence === undefined ? undefined : { key, fence, expires, note };
  }

  async acquireMany(keys: readonly string[], milliseconds: number): Promise<readonly Lease[]> {
    const acquired: Lease[] = [];
    await forEachInParallel(keys, async (key) => {
      try {
        const lease = await this.acquire(key, milliseconds);
        if (lease !== undefined) acquired.push(lease);
      } catch (error) {
        if (!(error instanceof StoreBusy)) throw error;
      }
    });
    return acquired;
  }

  async look(key: string): Promise<LeaseState> {
    const item = (await this.#table.get(leaseKey(key), ['expires', 'note'], 'eventual')) ?? {};
    const expires = numberOf(item, 'expires') ?? 0;
    const now = this.#now();
    return { isHeld: expires > now && expires <= now + longestHold, note: textOf(item, 'note') };
  }

  async renew(
    { key, fence }: Pick<Lease, 'key' | 'fence'>,
    milliseconds: number,
  ): Promise<Lease | undefined> {
    const now = this.#now();
    const expires = now + milliseconds;
    const outcome = await this.#table.update(leaseKey(key), {
      update: 'SET #expires = :expires, #ttl = :ttl',
      condition: '#fence = :fence AND #expires > :now',
      values: {
        ':now': number(now),
        ':expires': number(expires),
        ':ttl': number(endOfItem(expires)),
        ':fence': number(fence),
      },
    });
    return outcome.kind === 'written' ? { key, fence, expires } : undefined;
  }

  async release({ key, fence }: Lease, note?: string): Promise<void> {
    const values = { ':never': number(0), ':fence': number(fence) };
    await this.#table.update(leaseKey(key), {
      update: `SET #expires = :never${note === undefined ? ' REMOVE #note' : ', #note = :note'}`,
      condition: '#fence = :fence',
      values: note === undefined ? values : { ...values, ':note': text(note) },
    });
  }
}

function endOfItem(expires: number): number {
  return Math.ceil(expires / 1000) + fenceLife;
}
