import type { Database } from 'lmdb';
import { listLife, tagLife } from '../../core/ports/manifest-store.ts';
import { type IndexDatabase, type TagStateRow, tableBytes } from './database.ts';
import { dropOldStates, isDroppable } from './tag-state-rows.ts';

/** The most that tags, their states and lists may take, in bytes: about 130,000 tags. */
const mostBytes = 64 * 1024 * 1024;

/** What remains of it, so that the next write does not exceed it again. */
const headroom = 0.1;

/** How often rows that are too old are searched for, in ms. */
const searchInterval = 3_600_000;

/** Rows read or removed at a time; requests run in between. */
const batch = 500;

/** A tag's record, its state or a list. Its key begins with the repository. */
interface Name {
  readonly kind: 'tag' | 'state' | 'list';
  readonly table: NameTable;
  readonly key: NameKey;
  /** When it was checked last; a state: written. In ms since 1970. */
  readonly time: number;
  /** The size of its value as text. */
  readonly weight: number;
  /** True for a tag whose manifest is here, and for what a tag named over time. */
  readonly isNeeded: boolean;
}

type NameKey = string | [string, string];
type NameTable = Database<NameRow, NameKey>;
type NameRow = { readonly checked: number } | TagStateRow;

function timeOf(row: NameRow): number {
  return 'checked' in row ? row.checked : row.written;
}

export interface NameLimitOptions {
  /** Ms since 1970. */
  now(): number;
  readonly mostBytes?: number | undefined;
}

/**
 * Bounds the rows whose names clients choose: tags with their states, and lists. It removes those that are too
 * old, and beyond the limit those that were checked first, lists and tags without a manifest before other
 * tags and states. A state with a decision that has not ended stays.
 */
export class NameLimit {
  readonly #index: IndexDatabase;
  readonly #now: () => number;
  readonly #mostBytes: number;
  #searched: number;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(index: IndexDatabase, options: NameLimitOptions) {
    this.#index = index;
    this.#now = () => options.now();
    this.#searched = options.now();
    this.#mostBytes = options.mostBytes ?? mostBytes;
  }

  /** Called after each write of a name. Removes rows in the background if it is time. */
  written(): void {
    if (this.#running !== undefined || this.#isStopped) return;
    const age = this.#now() - this.#searched;
    const isExceeded = this.#usedBytes() > this.#mostBytes;
    if (Math.abs(age) < searchInterval && !isExceeded) return;
    this.#searched = this.#now();
    const done = () => {
      this.#running = undefined;
    };
    this.#running = this.#removeRows().then(
      () => {
        done();
        // More may have been written meanwhile.
        this.written();
      },
      // The next write tries again: a full disk refuses that one as well.
      done,
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  #tables(): NameTable[] {
    const { tags, tagLists, referrers, tagStates } = this.#index;
    // Their keys and values are of narrower types.
    return [tags, tagLists, referrers, tagStates] as unknown as NameTable[];
  }

  #usedBytes(): number {
    return this.#tables().reduce((sum, table) => sum + tableBytes(table), 0);
  }

  async #removeRows(): Promise<void> {
    await dropOldStates(this.#index, this.#now());
    const kept: Name[] = [];
    for (const table of this.#tables()) {
      for await (const names of this.#batches(table)) {
        const old = names.filter((name) => this.#isOld(name));
        await this.#remove(old);
        for (const name of names) if (!old.includes(name)) kept.push(name);
      }
    }
    const used = this.#usedBytes();
    if (used <= this.#mostBytes) return;
    // Rows take more space than their text, all about in the same proportion.
    const share = (used - this.#mostBytes * (1 - headroom)) / used;
    let left = share * kept.reduce((sum, { weight }) => sum + weight, 0);
    kept.sort((a, b) => Number(a.isNeeded) - Number(b.isNeeded) || a.time - b.time);
    const excess = kept.filter(({ weight }) => {
      left -= weight;
      return left + weight > 0;
    });
    for (let at = 0; at < excess.length; at += batch) {
      await this.#remove(excess.slice(at, at + batch));
    }
  }

  /** All rows of a table, some at a time. */
  async *#batches(table: NameTable): AsyncGenerator<Name[]> {
    let after: NameKey | undefined;
    while (!this.#isStopped) {
      const start = after !== undefined && { start: after, exclusiveStart: true };
      const rows = Array.from(table.getRange({ ...start, limit: batch }));
      after = rows.at(-1)?.key;
      if (after === undefined) return;
      yield rows.flatMap(({ key, value }) => this.#nameOf(table, key, value) ?? []);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A row that may be removed; undefined if it must stay. */
  #nameOf(table: NameTable, key: NameKey, row: NameRow): Name | undefined {
    const size = { table, key, time: timeOf(row), weight: JSON.stringify([key, row]).length };
    if ('checked' in row) {
      const kind = 'digest' in row ? 'tag' : 'list';
      return { ...size, kind, isNeeded: this.#isNeeded(key, row) };
    }
    return isDroppable(row, this.#now()) ? { ...size, kind: 'state', isNeeded: true } : undefined;
  }

  #isNeeded(key: NameKey, value: object): boolean {
    if (typeof key === 'string' || !('digest' in value)) return false;
    return this.#index.manifests.doesExist([key[0], String(value.digest)]);
  }

  #isOld({ kind, time, isNeeded }: Name): boolean {
    return !isNeeded && this.#now() - time > (kind === 'tag' ? tagLife : listLife);
  }

  /** Removes rows that did not change meanwhile. */
  async #remove(names: readonly Name[]): Promise<void> {
    if (names.length === 0 || this.#isStopped) return;
    await this.#index.write(() => {
      for (const { table, key, time } of names) {
        const row = table.get(key);
        if (row !== undefined && timeOf(row) === time) void table.remove(key);
      }
    });
  }
}
