import { dayBefore, type Ledger, type SpentPulls, spendingKey } from '../../ports/ledger.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Tolerant } from '../../ports/tolerate.ts';
import { mostNames, others, type Spent, Tally } from './spending.ts';

/** The shortest time between two writes of an instance, and between two readings, in ms. */
const writeInterval = 5_000;
const readInterval = 2_000;

/** How many repositories and networks a report names. */
const mostReported = 20;

interface SpendingPlatform {
  readonly ledger: Tolerant<Pick<Ledger, 'addSpending'>>;
  readonly runtime: Pick<Runtime, 'now' | 'sleep' | 'waitUntil'>;
  /** After this many ms a last pull is written; if undefined, with the next request to an upstream. */
  readonly delay?: number | undefined;
}

/** Who spent an account's pulls today and yesterday (UTC), the most first. */
export interface Spenders {
  readonly repositories: readonly Spent[];
  readonly networks: readonly Spent[];
}

/**
 * Who spends the pulls of all accounts, for all instances: each adds what is new to the ledger, once in a few
 * seconds at most. Of an account the ledger holds 100 names of each kind for a day, and the few
 * more that instances add at the same moment; clients choose the names, so the rest is counted as one.
 */
export class SharedSpending {
  readonly #platform: SpendingPlatform;
  /** What the ledger said last, by day. */
  readonly #stored = new Map<string, readonly SpentPulls[]>();
  #unwritten = new Map<string, SpentPulls>();
  #writing: Promise<boolean> | undefined;
  #isDelayed = false;
  #wrote = Number.NEGATIVE_INFINITY;
  #read: { readonly at: number; readonly done: Promise<void> } | undefined;

  constructor(platform: SpendingPlatform) {
    this.#platform = platform;
  }

  /** Counts a pull, and writes it soon. */
  add(pull: Omit<SpentPulls, 'pulls'>): void {
    this.#keepUnwritten({ ...pull, pulls: 1 });
    this.writeDue();
  }

  /** Writes what was spent, if the last write was a few seconds ago. */
  writeDue(): void {
    const { runtime, delay } = this.#platform;
    if (this.#unwritten.size === 0) return;
    const age = this.#now - this.#wrote;
    if (this.#writing === undefined && (age < 0 || age >= writeInterval)) {
      runtime.waitUntil(this.#begin());
    } else if (delay !== undefined && !this.#isDelayed) {
      this.#isDelayed = true;
      runtime.waitUntil(runtime.sleep(delay).then(() => this.flush()));
    }
  }

  /** Writes all that is not written. Does not reject. */
  async flush(): Promise<void> {
    this.#isDelayed = false;
    await this.#writing;
    while (this.#unwritten.size > 0) {
      if (!(await (this.#writing ?? this.#begin()))) return;
    }
  }

  #begin(): Promise<boolean> {
    const writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  /** Reads what all instances spent, unless that was done a moment ago. */
  refresh(): Promise<void> {
    const age = this.#read === undefined ? undefined : this.#now - this.#read.at;
    const isRecent = age !== undefined && age >= 0 && age < readInterval;
    if (!isRecent) this.#read = { at: this.#now, done: this.#readDays() };
    return this.#read?.done ?? Promise.resolve();
  }

  /** Who spent an account's pulls, as far as this instance knows. */
  of(registry: string, account: string): Spenders {
    const tallies = { repository: new Tally(), network: new Tally() };
    for (const row of [...[...this.#stored.values()].flat(), ...this.#unwritten.values()]) {
      if (row.registry !== registry || row.account !== account) continue;
      tallies[row.kind].add(row.name, row.pulls);
    }
    return {
      repositories: tallies.repository.most(mostReported),
      networks: tallies.network.most(mostReported),
    };
  }

  get #now(): number {
    return this.#platform.runtime.now();
  }

  /** False if the ledger failed: what it did not take is kept for the next time. */
  async #write(): Promise<boolean> {
    this.#wrote = this.#now;
    const day = dayOf(this.#now);
    // What others wrote says which names there is room for.
    if (!(await this.#add(day, []))) return false;
    const added = this.#unwritten;
    this.#unwritten = new Map();
    const rows = bounded([...added.values()], this.#stored.get(day) ?? []);
    if (await this.#add(day, rows)) return true;
    for (const row of added.values()) this.#keepUnwritten(row);
    return false;
  }

  /** Clients choose the names: while the ledger fails, those that there is no room for become one. */
  #keepUnwritten(row: SpentPulls): void {
    const hasRoom = this.#unwritten.size < mostUnwritten || this.#unwritten.has(spendingKey(row));
    keep(this.#unwritten, hasRoom ? row : { ...row, name: others });
  }

  async #readDays(): Promise<void> {
    const day = dayOf(this.#now);
    await Promise.all([this.#add(day, []), this.#add(dayBefore(day), [])]);
    for (const old of this.#stored.keys()) if (old < dayBefore(day)) this.#stored.delete(old);
  }

  /** False if the ledger failed. */
  async #add(day: string, added: readonly SpentPulls[]): Promise<boolean> {
    const rows = await this.#platform.ledger.addSpending(day, added);
    if (rows !== undefined) this.#stored.set(day, rows);
    return rows !== undefined;
  }
}

/** How many names are kept while the ledger fails. */
const mostUnwritten = 1_000;

function keep(rows: Map<string, SpentPulls>, row: SpentPulls): void {
  const key = spendingKey(row);
  rows.set(key, { ...row, pulls: row.pulls + (rows.get(key)?.pulls ?? 0) });
}

/** The rows to add to what is stored: names that there is no room for become one. */
export function bounded(
  added: readonly SpentPulls[],
  stored: readonly SpentPulls[],
): readonly SpentPulls[] {
  const known = new Set(stored.map(spendingKey));
  const counts = new Map<string, number>();
  const group = ({ registry, account, kind }: SpentPulls) => `${registry} ${account} ${kind}`;
  for (const row of stored) counts.set(group(row), (counts.get(group(row)) ?? 0) + 1);
  const kept = new Map<string, SpentPulls>();
  for (const row of added) {
    const count = counts.get(group(row)) ?? 0;
    const isKnown = known.has(spendingKey(row));
    if (!isKnown && count < mostNames) counts.set(group(row), count + 1);
    keep(kept, isKnown || count < mostNames ? row : { ...row, name: others });
  }
  return [...kept.values()];
}

/** As `2026-12-01`. */
function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}
