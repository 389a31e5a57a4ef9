import { randomUUID } from 'node:crypto';
import type { Digest } from '../../core/oci/digest.ts';
import { parseObject } from '../../core/oci/json-object.ts';
import { type Item, type Key, keyItem, keyOf, number, text, textOf } from './item.ts';
import type { DynamoDbTable } from './table.ts';
import { transact, type Write } from './transaction.ts';

/*
 * | item       | pk    | sk       | read by |
 * |------------|-------|----------|---------|
 * | late count | blobs | late#ID  | Query   |
 *
 * The blobs of one message are counted in one row when all are put, which takes one write unit instead of
 * the two of a transaction for each part. A row has an ID of its own, so a write that is repeated counts
 * once. Readers add the rows, and now and then one adds them to the parts. A process that dies before it wrote
 * its row leaves the blobs of its message uncounted until the next recount.
 */

const prefix = 'late#';

/** So many rows are added to their parts at once: a transaction has at most 100 writes. */
export const foldedRows = 40;

/** What changed in a part: by how many bytes, and how often. */
export interface PartChange {
  readonly bytes: number;
  readonly changes: number;
}

export type PartChanges = ReadonlyMap<string, PartChange>;

/** The part of a blob: how its digest begins. */
export function partOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':') + 2);
}

/** The blobs that this process put and did not count yet. */
export class LateCounts {
  readonly #table: DynamoDbTable;
  readonly #pk: string;
  #pending: PartChanges = new Map();
  /** Rows whose write may have failed; they are written again under the same ID. */
  readonly #unwritten = new Map<string, PartChanges>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(table: DynamoDbTable, pk: string) {
    this.#table = table;
    this.#pk = pk;
  }

  add(digest: Digest, bytes: number): void {
    this.#pending = sumOf([this.#pending, new Map([[partOf(digest), { bytes, changes: 1 }]])]);
  }

  /** Writes one row. Rejects if that fails; the next flush repeats it. */
  flush(): Promise<void> {
    // One at a time: a row that was folded must not be written again.
    this.#flushing = this.#flushing.catch(() => undefined).then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    if (this.#pending.size > 0) this.#unwritten.set(randomUUID(), this.#pending);
    this.#pending = new Map();
    for (const [id, changes] of this.#unwritten) {
      const key = keyItem({ pk: this.#pk, sk: prefix + id });
      await this.#table.put({ ...key, parts: text(JSON.stringify(Object.fromEntries(changes))) });
      this.#unwritten.delete(id);
    }
  }
}

/** The late counts among the items of the partition. */
export function lateRows(items: readonly Item[]): readonly Item[] {
  return items.filter((item) => textOf(item, 'sk')?.startsWith(prefix) === true);
}

/** What rows add to each part. */
export function changesOf(rows: readonly Item[]): PartChanges {
  return sumOf(rows.map(readRow));
}

/**
 * Adds rows to their parts, and removes them, in one step. Without effect if another instance did so with one of
 * them meanwhile.
 */
export async function foldRows(
  table: DynamoDbTable,
  rows: readonly Item[],
  keyOfPart: (part: string) => Key,
  now: number,
): Promise<void> {
  for (let at = 0; at < rows.length; at += foldedRows) {
    const folded = rows.slice(at, at + foldedRows);
    const removals = folded.map((row): Write => {
      return { remove: keyOf(row), condition: 'attribute_exists(#pk)' };
    });
    const changes = Array.from(changesOf(folded), ([part, change]) =>
      changeOfPart(keyOfPart(part), change, now),
    );
    await transact(table, [...removals, ...changes]);
  }
}

/** A change of a part's sum, for a transaction. `now` in ms. */
export function changeOfPart(change: Key, { bytes, changes }: PartChange, now: number): Write {
  return {
    change,
    update: 'SET #since = if_not_exists(#since, :now) ADD #added :bytes, #changes :changes',
    values: { ':now': number(now), ':bytes': number(bytes), ':changes': number(changes) },
  };
}

function readRow(row: Item): PartChanges {
  const parts = Object.entries(parseObject(textOf(row, 'parts') ?? '') ?? {});
  return new Map(parts as [string, PartChange][]);
}

function sumOf(all: readonly PartChanges[]): PartChanges {
  const sums = new Map<string, PartChange>();
  for (const [part, { bytes, changes }] of all.flatMap((one) => [...one])) {
    const before = sums.get(part) ?? { bytes: 0, changes: 0 };
    sums.set(part, { bytes: before.bytes + bytes, changes: before.changes + changes });
  }
  return sums;
}
