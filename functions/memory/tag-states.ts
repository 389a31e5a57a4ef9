import type { Page } from '../core/oci/page.ts';
import { type Repository, repositoryKey } from '../core/oci/repository.ts';
import {
  type AuditEntry,
  type AuditLog,
  type AuditPageRequest,
  auditLife,
} from '../core/ports/audit-log.ts';
import { hasOrders, readTagState, tagStateText } from '../core/ports/tag-state-text.ts';
import type {
  ListedTagState,
  StoredTagState,
  TagState,
  TagStates,
} from '../core/ports/tag-states.ts';
import { BoundedRows } from './bounded-rows.ts';

interface Row {
  readonly text: string;
  readonly revision: number;
}

/**
 * What is known about tags over time, in the memory of this process, within a limit. A state with a decision
 * that has not ended is never dropped, and does not count.
 */
export class MemoryTagStates implements TagStates {
  readonly #now: () => number;
  readonly #rows: BoundedRows<Row>;
  readonly #decided = new Map<string, Row>();

  /** `capacity` in bytes, `now` in ms since 1970. */
  constructor(capacity: number, now: () => number) {
    this.#rows = new BoundedRows(capacity);
    this.#now = now;
  }

  async getTagState(repository: Repository, tag: string): Promise<StoredTagState | undefined> {
    const row = this.#rowOf(stateKey(repository, tag));
    return row && readTagState(row.text, row.revision);
  }

  async putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean> {
    const key = stateKey(repository, tag);
    if (this.#rowOf(key)?.revision !== revision) return false;
    const text = tagStateText(state);
    const row = { text, revision: (revision ?? 0) + 1 };
    this.#rows.delete(key);
    this.#decided.delete(key);
    if (hasOrders(state, this.#now())) this.#decided.set(key, row);
    else this.#rows.set(key, row, 2 * text.length);
    return true;
  }

  async listTagStates(repository: Repository): Promise<readonly ListedTagState[]> {
    const prefix = stateKey(repository, '');
    const all = [...this.#rows.keys(), ...this.#decided.keys()];
    const keys = all.filter((key) => key.startsWith(prefix)).sort();
    return keys.flatMap((key) => {
      const row = this.#rowOf(key);
      const tag = key.slice(prefix.length);
      return row === undefined ? [] : [{ tag, ...readTagState(row.text, row.revision) }];
    });
  }

  #rowOf(key: string): Row | undefined {
    return this.#decided.get(key) ?? this.#rows.get(key);
  }
}

function stateKey(repository: Repository, tag: string): string {
  return `${repositoryKey(repository)}:${tag}`;
}

/** How many decisions are kept. */
const mostEntries = 10_000;

/** The decisions of people, in the memory of this process. */
export class MemoryAuditLog implements AuditLog {
  /** Oldest first, each with its number. */
  #entries: { readonly number: number; readonly entry: AuditEntry }[] = [];
  readonly #now: () => number;
  #next = 0;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async putAuditEntry(entry: AuditEntry): Promise<void> {
    const place = this.#entries.findLastIndex((one) => one.entry.at <= entry.at) + 1;
    this.#entries.splice(place, 0, { number: this.#next, entry });
    this.#next += 1;
    const oldest = this.#now() - auditLife;
    this.#entries = this.#entries.filter((one) => one.entry.at >= oldest).slice(-mostEntries);
  }

  async listAuditEntries({ limit, before }: AuditPageRequest): Promise<Page<AuditEntry>> {
    const end = this.#entries.findIndex(({ number }) => String(number) === before);
    const newest = this.#entries
      .slice(0, before === undefined ? undefined : Math.max(0, end))
      .reverse();
    const page = newest.slice(0, limit);
    const next = newest.length > page.length ? page.at(-1)?.number : undefined;
    return {
      entries: page.map(({ entry }) => entry),
      next: next === undefined ? undefined : String(next),
    };
  }
}
