import type { Database } from 'lmdb';
import { listLife, tagLife } from '../../core/ports/manifest-store.ts';
import { type IndexDatabase, tableBytes } from './database.ts';
import { dropOldStates } from './tag-state-rows.ts';

/** The most that tags and lists may take, in bytes: about 130,000 tags. */
const mostBytes = 64 * 1024 * 1024;

/** What remains of it, so that the next write does not exceed it again. */
const headroom = 0.1;

/** How often rows that are too old are searched for, in ms. */
const searchInterval = 3_600_000;

/** Rows read or removed at a time; requests run in between. */
const batch = 500;

/** A tag's record or a list. Its key begins with the repository. */
interface Name {
  readonly isTag: boolean;
  readonly table: NameTable;
  readonly key: NameKey;
  readonly checked: number;
  /** The size of its value as text. */
  readonly weight: number;
  /** True for a tag whose manifest is here. */
  readonly isNeeded: boolean;
}

type NameKey = string | [string, string];
type NameTable = Database<{ readonly checked: number }, NameKey>;

export interface NameLimitOptions {
  /** Ms since 1970. */
  now(): number;
  readonly mostBytes?: number | undefined;
}

/**
 * Bounds the rows whose names clients choose: tags and lists. It removes those that are too old, and
 * beyond the limit those that were checked first, lists and tags without a manifest before other tags.
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
    const { tags, tagLists, referrers } = this.#index;
    // Their keys and values are of narrower types.
    return [tags, tagLists, referrers] as unknown as NameTable[];
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
    kept.sort((a, b) => Number(a.isNeeded) - Number(b.isNeeded) || a.checked - b.checked);
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
      const names = Array.from(table.getRange({ ...start, limit: batch }), ({ key, value }) => ({
        isTag: 'digest' in value,
        table,
        key,
        checked: value.checked,
        weight: JSON.stringify([key, value]).length,
        isNeeded: this.#isNeeded(key, value),
      }));
      after = names.at(-1)?.key;
      if (after === undefined) return;
      yield names;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #isNeeded(key: NameKey, value: object): boolean {
    if (typeof key === 'string' || !('digest' in value)) return false;
    return this.#index.manifests.doesExist([key[0], String(value.digest)]);
  }

  #isOld({ isTag, checked, isNeeded }: Name): boolean {
    return !isNeeded && this.#now() - checked > (isTag ? tagLife : listLife);
  }

  /** Removes rows that did not change meanwhile. */
  async #remove(names: readonly Name[]): Promise<void> {
    if (names.length === 0 || this.#isStopped) return;
    await this.#index.write(() => {
      for (const { table, key, checked } of names) {
        if (table.get(key)?.checked === checked) void table.remove(key);
      }
    });
  }
}
