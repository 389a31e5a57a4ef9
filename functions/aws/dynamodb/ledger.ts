import {
  addCounts,
  type Counters,
  counterNames,
  type Ledger,
  noCounts,
  type SeenRateLimit,
} from '../../core/ports/ledger.ts';
import { type Item, keyItem, number, numberOf, text, textOf } from './item.ts';
import { countersKey, rateLimitPartition } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/**
 * The ledger of all instances. Rate limits are written at once, because they apply to every instance.
 * Counts stay in memory until `flush`, which the platform calls about once a minute and on shutdown.
 */
export class DynamoDbLedger implements Ledger {
  readonly #table: DynamoDbTable;
  #unwritten: Counters = noCounts;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async recordRateLimit(seen: SeenRateLimit): Promise<void> {
    await this.#table.put(rateLimitItem(seen), {
      condition: 'attribute_not_exists(#pk) OR #seen <= :seen',
      values: { ':seen': number(seen.seen) },
    });
  }

  async rateLimits(): Promise<readonly SeenRateLimit[]> {
    const found: SeenRateLimit[] = [];
    for await (const items of this.#table.pages({ pk: rateLimitPartition })) {
      for (const item of items) found.push(readRateLimit(item));
    }
    return found;
  }

  count(added: Partial<Counters>): void {
    this.#unwritten = addCounts(this.#unwritten, added);
  }

  /** The flushed counts of all instances plus this one's own. */
  async counters(): Promise<Counters> {
    const item = (await this.#table.get(countersKey)) ?? {};
    const stored = Object.fromEntries(
      counterNames.map((name) => [name, numberOf(item, name) ?? 0]),
    );
    return addCounts({ ...noCounts, ...stored }, this.#unwritten);
  }

  /**
   * Writes the counts. If it rejects, the next flush writes them too; they are counted twice only if
   * the table applied them and its response was lost.
   */
  async flush(): Promise<void> {
    const added = this.#unwritten;
    const names = counterNames.filter((name) => added[name] !== 0);
    if (names.length === 0) return;
    this.#unwritten = noCounts;
    try {
      await this.#table.update(countersKey, {
        update: `ADD ${names.map((name) => `#${name} :${name}`).join(', ')}`,
        values: Object.fromEntries(names.map((name) => [`:${name}`, number(added[name])])),
        once: true,
      });
    } catch (error) {
      this.#unwritten = addCounts(this.#unwritten, added);
      throw error;
    }
  }
}

function rateLimitItem({ registry, account, rate, seen }: SeenRateLimit): Item {
  return {
    ...keyItem({ pk: rateLimitPartition, sk: `${registry} ${account}` }),
    registry: text(registry),
    account: text(account),
    seen: number(seen),
    limit: number(rate.limit),
    remaining: number(rate.remaining),
    ...(rate.windowSeconds !== undefined && { windowSeconds: number(rate.windowSeconds) }),
  };
}

function readRateLimit(item: Item): SeenRateLimit {
  return {
    registry: textOf(item, 'registry') ?? '',
    account: textOf(item, 'account') ?? '',
    seen: numberOf(item, 'seen') ?? 0,
    rate: {
      limit: numberOf(item, 'limit') ?? 0,
      remaining: numberOf(item, 'remaining') ?? 0,
      windowSeconds: numberOf(item, 'windowSeconds'),
    },
  };
}
