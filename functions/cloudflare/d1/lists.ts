import type { LargeValues } from '../../core/bucket/large-values.ts';
import { listLife, type ReferrersList, type TagList } from '../../core/ports/manifest-store.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

/**
 * Larger values go to the bucket, in bytes. D1 allows two million in a row, but smaller statements are
 * faster, and few manifests and lists are larger.
 */
export const mostInlineBytes = 500_000;

/** How many old lists each put removes: more than it adds. */
const removedAtOnce = 3;

/** A removed row. */
interface RemovedList {
  /** Of its text in the bucket. */
  readonly name: string;
  /** 1 if its text is in the bucket. */
  readonly isElsewhere: number;
}

interface ListsOptions {
  readonly large: LargeValues;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** The lists of upstreams as rows of D1. Their text is JSON, or in the bucket. */
export class D1Lists {
  readonly #database: D1Database;
  readonly #large: LargeValues;
  readonly #now: () => number;

  constructor(database: D1Database, { large, now }: ListsOptions) {
    this.#database = database;
    this.#large = large;
    this.#now = now;
  }

  getTags(repository: string): Promise<TagList | undefined> {
    return this.#read(`tags/${repository}`, statements.getTagList, repository);
  }

  async putTags(repository: string, list: TagList): Promise<void> {
    const { putTagList, removeTagList, removeOldTagLists } = statements;
    if (list.tags.length === 0) return this.#remove([this.#bound(removeTagList, repository)]);
    const text = await this.#textOf(`tags/${repository}`, list);
    await this.#put(removeOldTagLists, putTagList, repository, text);
  }

  getReferrers(repository: string, subject: string): Promise<ReferrersList | undefined> {
    const name = `referrers/${repository}/${subject}`;
    return this.#read(name, statements.getReferrers, repository, subject);
  }

  async putReferrers(repository: string, subject: string, list: ReferrersList): Promise<void> {
    const { putReferrers, removeReferrers, removeOldReferrers } = statements;
    if (list.manifests.length === 0) {
      return this.#remove([this.#bound(removeReferrers, repository, subject)]);
    }
    const text = await this.#textOf(`referrers/${repository}/${subject}`, list);
    await this.#put(removeOldReferrers, putReferrers, repository, subject, text);
  }

  /** Removes all lists of a repository. */
  removeAll(repository: string): Promise<void> {
    return this.#remove([
      this.#bound(statements.removeTagList, repository),
      this.#bound(statements.removeReferrersOf, repository),
    ]);
  }

  /** Removes the oldest lists before it writes one. */
  async #put(removeOld: string, put: string, ...values: readonly (string | null)[]) {
    const now = this.#now();
    await this.#remove([
      this.#bound(removeOld, now - listLife, removedAtOnce),
      this.#bound(put, ...values, now),
    ]);
  }

  /** Runs statements, and deletes the texts of the lists that they removed. */
  async #remove(steps: D1PreparedStatement[]): Promise<void> {
    const results = await busyIfOverloaded(this.#database.batch<RemovedList>(steps));
    for (const { name, isElsewhere } of results.flatMap((result) => result.results)) {
      if (isElsewhere === 1) await this.#large.delete(name);
    }
  }

  /** The list's text for its row; null if it is in the bucket. */
  async #textOf(name: string, list: TagList | ReferrersList): Promise<string | null> {
    const text = JSON.stringify(list);
    const bytes = new Uint8Array(new TextEncoder().encode(text));
    if (bytes.byteLength <= mostInlineBytes) return text;
    await this.#large.put(name, bytes);
    return null;
  }

  async #read<List>(
    name: string,
    statement: string,
    ...keys: readonly string[]
  ): Promise<List | undefined> {
    const reading = this.#bound(statement, ...keys).first<{ text: string | null }>();
    const row = await busyIfOverloaded(reading);
    if (row === null) return undefined;
    if (row.text !== null) return JSON.parse(row.text);
    const bytes = await this.#large.get(name);
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  }

  #bound(statement: string, ...values: readonly (string | number | null)[]): D1PreparedStatement {
    return this.#database.prepare(statement).bind(...values);
  }
}
