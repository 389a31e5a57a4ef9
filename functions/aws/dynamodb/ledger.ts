import {
  addCounts,
  type Counters,
  counterNames,
  type Ledger,
  noCounts,
  type SeenRateLimit,
  type SpentPulls,
  spendingKey,
} from '../../core/ports/ledger.ts';
import { RateLimitReports } from '../../core/ports/rate-limit-reports.ts';
import { type Item, keyItem, number, numberOf, text, textOf } from './item.ts';
import { countersKey, rateLimitPartition, spendingPartition, usageKey } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/**
 * The ledger of all instances. Counts, and most rate limits, stay in memory until `flush`, which the
 * platform calls about once a minute and on shutdown.
 */
export class DynamoDbLedger implements Ledger {
  readonly #table: DynamoDbTable;
  readonly #reports = new RateLimitReports();
  #unwritten: Counters = noCounts;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async recordRateLimit(seen: SeenRateLimit): Promise<void> {
    if (this.#reports.isDue(seen)) await this.#write(seen);
  }

  async #write(report: SeenRateLimit): Promise<void> {
    try {
      await this.#table.put(rateLimitItem(report), {
        condition: 'attribute_not_exists(#pk) OR #seen <= :seen',
        values: { ':seen': number(report.seen) },
      });
    } catch (error) {
      this.#reports.failed(report);
      throw error;
    }
  }

  async rateLimits(): Promise<readonly SeenRateLimit[]> {
    const found: SeenRateLimit[] = [];
    for await (const items of this.#table.pages({ pk: rateLimitPartition })) {
      for (const item of items) found.push(readRateLimit(item));
    }
    return this.#reports.merge(found);
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

  async addUsage(
    month: string,
    added: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    const failures: unknown[] = [];
    const writes = [...added].map(async ([client, bytes]) => {
      try {
        sums.set(client, await this.#addUsage(month, client, bytes));
      } catch (error) {
        failures.push(error);
      }
    });
    await Promise.all(writes);
    if (sums.size === 0 && failures.length > 0) throw failures[0];
    return sums;
  }

  async #addUsage(month: string, client: string, bytes: number): Promise<number> {
    const written = await this.#table.update(usageKey(client, month), {
      update: 'ADD #bytes :bytes SET #ttl = :ttl',
      values: { ':bytes': number(bytes), ':ttl': number(lastUse(month)) },
      answer: 'ALL_NEW',
      once: true,
    });
    return written.kind === 'written' ? (numberOf(written.item, 'bytes') ?? 0) : 0;
  }

  async addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]> {
    const pk = spendingPartition(day);
    const ttl = number(Date.parse(`${day}T00:00:00Z`) / 1000 + keptDays * 24 * 3600);
    await Promise.all(
      added.map(({ pulls, ...row }) =>
        this.#table.update(
          { pk, sk: spendingKey(row) },
          {
            update:
              'ADD #pulls :pulls SET #registry = :registry, #account = :account, #kind = :kind, #name = :name, #ttl = :ttl',
            values: {
              ':pulls': number(pulls),
              ':registry': text(row.registry),
              ':account': text(row.account),
              ':kind': text(row.kind),
              ':name': text(row.name),
              ':ttl': ttl,
            },
            once: true,
          },
        ),
      ),
    );
    const found: SpentPulls[] = [];
    for await (const items of this.#table.pages({ pk })) {
      for (const item of items) found.push(readSpending(item));
    }
    return found;
  }

  /**
   * Writes the counts and the rate limits. If it rejects, the next flush writes them too; they are counted twice only if
   * the table applied them and its response was lost.
   */
  async flush(): Promise<void> {
    await Promise.all(this.#reports.take().map((report) => this.#write(report)));
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

/** For how many days spending is kept: the table deletes it some time later. */
const keptDays = 2;

/** When the usage of a month is deleted: about a month after its end. In seconds since 1970. */
function lastUse(month: string): number {
  return Date.parse(`${month}-01T00:00:00Z`) / 1000 + 62 * 24 * 3600;
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

function readSpending(item: Item): SpentPulls {
  return {
    registry: textOf(item, 'registry') ?? '',
    account: textOf(item, 'account') ?? '',
    kind: textOf(item, 'kind') === 'network' ? 'network' : 'repository',
    name: textOf(item, 'name') ?? '',
    pulls: numberOf(item, 'pulls') ?? 0,
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
