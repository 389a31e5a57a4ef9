import type { Page } from '../core/oci/page.ts';
import { type Repository, repositoryKey } from '../core/oci/repository.ts';
import type { AuditEntry, AuditLog, AuditPageRequest } from '../core/ports/audit-log.ts';
import { readTagState, tagStateText } from '../core/ports/tag-state-text.ts';
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

/** What is known about tags over time, in the memory of this process, within a limit. */
export class MemoryTagStates implements TagStates {
  readonly #rows: BoundedRows<Row>;

  /** `capacity` in bytes. */
  constructor(capacity: number) {
    this.#rows = new BoundedRows(capacity);
  }

  async getTagState(repository: Repository, tag: string): Promise<StoredTagState | undefined> {
    const row = this.#rows.get(stateKey(repository, tag));
    return row && readTagState(row.text, row.revision);
  }

  async putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean> {
    const key = stateKey(repository, tag);
    if (this.#rows.get(key)?.revision !== revision) return false;
    const text = tagStateText(state);
    this.#rows.set(key, { text, revision: (revision ?? 0) + 1 }, 2 * text.length);
    return true;
  }

  async listTagStates(repository: Repository): Promise<readonly ListedTagState[]> {
    const prefix = stateKey(repository, '');
    const keys = [...this.#rows.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.flatMap((key) => {
      const row = this.#rows.get(key);
      const tag = key.slice(prefix.length);
      return row === undefined ? [] : [{ tag, ...readTagState(row.text, row.revision) }];
    });
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
  readonly #entries: { readonly number: number; readonly entry: AuditEntry }[] = [];
  #next = 0;

  async putAuditEntry(entry: AuditEntry): Promise<void> {
    const place = this.#entries.findLastIndex((one) => one.entry.at <= entry.at) + 1;
    this.#entries.splice(place, 0, { number: this.#next, entry });
    this.#next += 1;
    if (this.#entries.length > mostEntries) this.#entries.shift();
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
