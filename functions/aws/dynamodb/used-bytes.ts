import type { PartCount } from '../../core/bucket/blob-index.ts';
import { type Digest, digestAlgorithms } from '../../core/oci/digest.ts';
import { type Item, type Key, number, numberOf, textOf } from './item.ts';
import { changeOfPart, changesOf, foldedRows, foldRows, lateRows, partOf } from './late-counts.ts';
import type { DynamoDbTable } from './table.ts';
import type { Write } from './transaction.ts';

/*
 * | item         | pk    | sk        | read by |
 * |--------------|-------|-----------|---------|
 * | stored bytes | blobs | used#PART | Query   |
 *
 * PART is how the digests of a part of the blobs begin: `sha256:a`. A part is changed in one transaction
 * with the blob, and parts keep transactions of different blobs apart. `added` is the sum of all changes,
 * `changes` their number, and `base` what a recount found besides.
 *
 * An earlier version kept one sum, in the item `used`. It counts until each part was counted.
 */

/** The partition of the sums. */
export const usedPartition = 'blobs';

const prefix = 'used#';
const formerSk = 'used';

const parts = digestAlgorithms.flatMap((algorithm) =>
  Array.from({ length: 16 }, (_, digit) => `${algorithm}:${digit.toString(16)}`),
);

/** The sum of all blobs, and of each part. */
export interface UsedBytes {
  readonly bytes: number;
  readonly parts: readonly PartCount[];
}

/** The change of the sum by a blob, for its transaction. `now` in ms. */
export function changeOfUsed(digest: Digest, bytes: number, now: number): Write {
  return changeOfPart(keyOfPart(partOf(digest)), { bytes, changes: 1 }, now);
}

/**
 * Reads the sums: one query of at most 20 KB. Adds late counts to their parts once they are many, or always.
 */
export async function readUsed(
  table: DynamoDbTable,
  { folds }: { readonly folds: 'many' | 'all' } = { folds: 'many' },
): Promise<UsedBytes> {
  const read = await readItems(table);
  const late = lateRows(read);
  const isFolding = late.length >= (folds === 'many' ? foldedRows : 1);
  if (isFolding) await foldRows(table, late, keyOfPart, Date.now());
  const items = new Map((isFolding ? await readItems(table) : read).map(withSk));
  const left = changesOf(lateRows([...items.values()]));
  const former = items.get(formerSk);
  const found = parts.map((part) => ({ part, item: items.get(prefix + part) ?? {} }));
  const isCounted = found.every(({ item }) => item.counted !== undefined);
  const bytes = found.reduce((sum, { part, item }) => {
    const base = former === undefined || isCounted ? numberOf(item, 'base') : 0;
    return sum + (base ?? 0) + (numberOf(item, 'added') ?? 0) + (left.get(part)?.bytes ?? 0);
  }, 0);
  const before = former === undefined || isCounted ? 0 : (numberOf(former, 'bytes') ?? 0);
  return {
    bytes: Math.max(0, bytes + before),
    parts: found.flatMap(({ part, item }) => {
      const since = numberOf(item, 'counted') ?? numberOf(item, 'since');
      // An empty part needs no count, unless blobs of an earlier version are in it.
      if (since === undefined && former === undefined) return [];
      const counted = former !== undefined && item.counted === undefined ? 0 : (since ?? 0);
      const changes = numberOf(item, 'changes') ?? 0;
      return [{ part, counted, changes, added: numberOf(item, 'added') ?? 0 }];
    }),
  };
}

/** Corrects a part's sum to what was counted, unless a blob of it changed since the part was read. */
export async function correctUsed(
  table: DynamoDbTable,
  { part, changes, added }: PartCount,
  { bytes, now }: { readonly bytes: number; readonly now: number },
): Promise<void> {
  // Late counts are changes as well.
  await foldRows(table, lateRows(await readItems(table)), keyOfPart, now);
  await table.update(keyOfPart(part), {
    update: 'SET #base = :base, #counted = :now',
    condition: changes === 0 ? 'attribute_not_exists(#changes)' : '#changes = :changes',
    values: {
      ':base': number(bytes - added),
      ':now': number(now),
      ...(changes > 0 && { ':changes': number(changes) }),
    },
  });
}

async function readItems(table: DynamoDbTable): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of table.pages({ pk: usedPartition })) {
    for (const item of page) items.push(item);
  }
  return items;
}

function withSk(item: Item): [string, Item] {
  return [textOf(item, 'sk') ?? '', item];
}

function keyOfPart(part: string): Key {
  return { pk: usedPartition, sk: prefix + part };
}
