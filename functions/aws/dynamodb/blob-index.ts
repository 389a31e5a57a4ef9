import { randomUUID } from 'node:crypto';
import {
  type BlobIndex,
  claimLife,
  type IndexedBlob,
  type ListedSpan,
  type PartCount,
} from '../../core/bucket/blob-index.ts';
import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import type { CondemnedBlob, StoredBlob } from '../../core/ports/blob-store.ts';
import { StoreBusy } from '../../core/ports/leases.ts';
import { readBatch } from './batch.ts';
import { blobItemKey, getBlob, readBlob } from './blob-item.ts';
import { type Item, type Key, keyItem, number, text, textOf } from './item.ts';
import { timeKey } from './item-keys.ts';
import { LateCounts } from './late-counts.ts';
import type { DynamoDbTable } from './table.ts';
import { transact } from './transaction.ts';
import { changeOfUsed, correctUsed, readUsed, usedPartition } from './used-bytes.ts';

/*
 * Further items of the table (see item-keys.ts). D is a digest. used-bytes.ts has the sum of their sizes.
 *
 * | item       | pk        | sk     | read by               |
 * |------------|-----------|--------|-----------------------|
 * | blob       | blob#D    | blob   | GetItem, BatchGetItem |
 * | condemned  | condemned | time#D | Query, oldest first   |
 *
 * The blob's item decides: it has `condemned`, and `deleting` while its object is deleted. It changes in
 * one transaction with the row of the list of condemned blobs and with the sum.
 */

const condemnedPartition = 'condemned';

function condemnedKey({ digest, since }: CondemnedBlob): Key {
  return { pk: condemnedPartition, sk: timeKey(since, digest) };
}

const attributes = ['pk', 'size', 'stored', 'condemned', 'deleting'];

/** Blobs per read: one call, so that a caller who needs only a few does not pay for all. */
const pageSize = 100;

/** How often another instance may change a blob meanwhile. */
const mostAttempts = 5;

const isStored = 'attribute_exists(#pk) AND attribute_not_exists(#condemned)';
const isCondemned = '#condemned = :before AND attribute_not_exists(#deleting)';

/** The index of blobs as items of the table, with their total size. */
export class DynamoDbBlobIndex implements BlobIndex {
  readonly #table: DynamoDbTable;
  readonly #late: LateCounts;

  constructor(table: DynamoDbTable) {
    this.#table = table;
    this.#late = new LateCounts(table, usedPartition);
  }

  get(digest: Digest): Promise<IndexedBlob | undefined> {
    return getBlob(this.#table, digest);
  }

  async put(blob: StoredBlob, countsLater = false): Promise<void> {
    const isAdded = await (countsLater ? this.#putUncounted(blob) : this.#putCounted(blob));
    if (isAdded || (await this.restore(blob.digest))) return;
    throw new StoreBusy(`${blob.digest} is being deleted`);
  }

  countLate(): Promise<void> {
    return this.#late.flush();
  }

  #putCounted(blob: StoredBlob): Promise<boolean> {
    return transact(this.#table, [
      { put: itemOf(blob), condition: 'attribute_not_exists(#pk)' },
      changeOfUsed(blob.digest, blob.size, blob.stored),
    ]);
  }

  async #putUncounted(blob: StoredBlob): Promise<boolean> {
    // A repeated call after a lost answer recognizes its write.
    const writer = text(randomUUID());
    const outcome = await this.#table.put(
      { ...itemOf(blob), writer },
      {
        condition: 'attribute_not_exists(#pk) OR #writer = :writer',
        values: { ':writer': writer },
      },
    );
    if (outcome.kind === 'refused') return false;
    this.#late.add(blob.digest, blob.size);
    return true;
  }

  async condemn(digest: Digest, since: number): Promise<StoredBlob | undefined> {
    const row = condemnedKey({ digest, since });
    let wasStored = false;
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const blob = await this.get(digest);
      if (blob === undefined || blob.isDeleting) return undefined;
      const { size, stored, condemned: before } = blob;
      // If an attempt was refused, its answer was lost before.
      if (before === since) return wasStored ? { digest, size, stored } : undefined;
      wasStored = before === undefined;
      const isDone = await transact(this.#table, [
        {
          change: blobItemKey(digest),
          update: 'SET #condemned = :since',
          condition: before === undefined ? isStored : isCondemned,
          values: {
            ':since': number(since),
            ...(before !== undefined && { ':before': number(before) }),
          },
        },
        { put: keyItem(row) },
        before === undefined
          ? changeOfUsed(digest, -size, since)
          : { remove: condemnedKey({ digest, since: before }) },
      ]);
      if (isDone) return before === undefined ? { digest, size, stored } : undefined;
    }
    throw new StoreBusy(`${digest} is being changed`);
  }

  async condemnedBefore(time: number, limit: number): Promise<readonly CondemnedBlob[]> {
    const found: CondemnedBlob[] = [];
    const range = { condition: '#sk < :end', values: { ':end': text(timeKey(time)) } };
    const pages = this.#table.pages({
      pk: condemnedPartition,
      range,
      attributes: ['sk'],
      pageSize: limit,
    });
    for await (const rows of pages) {
      for (const row of rows) {
        const [digits = '', written = ''] = (textOf(row, 'sk') ?? '').split('#');
        const digest = parseDigest(written);
        if (digest !== undefined) found.push({ digest, since: Number(digits) });
      }
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  async restore(digest: Digest): Promise<boolean> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const blob = await this.get(digest);
      if (blob === undefined || blob.isDeleting) return false;
      const { condemned: since } = blob;
      if (since === undefined) return true;
      const isDone = await transact(this.#table, [
        {
          change: blobItemKey(digest),
          update: 'REMOVE #condemned',
          condition: isCondemned,
          values: { ':before': number(since) },
        },
        { remove: condemnedKey({ digest, since }) },
        changeOfUsed(digest, blob.size, since),
      ]);
      if (isDone) return true;
    }
    throw new StoreBusy(`${digest} is being changed`);
  }

  async claim(blob: CondemnedBlob, now: number): Promise<boolean> {
    const outcome = await this.#table.update(blobItemKey(blob.digest), {
      update: 'SET #deleting = :now',
      condition:
        '#condemned = :since AND (attribute_not_exists(#deleting) OR #deleting <= :expired)',
      values: {
        ':now': number(now),
        ':since': number(blob.since),
        ':expired': number(now - claimLife),
      },
    });
    if (outcome.kind === 'written') return true;
    // Left by an earlier version, whose writer died.
    const found = await this.get(blob.digest);
    if (found?.condemned !== blob.since) await this.#table.remove(condemnedKey(blob));
    return false;
  }

  async forget(blob: CondemnedBlob): Promise<void> {
    await this.#table.remove(blobItemKey(blob.digest), {
      condition: 'attribute_exists(#deleting) AND #condemned = :since',
      values: { ':since': number(blob.since) },
    });
    await this.#table.remove(condemnedKey(blob));
  }

  async used(): Promise<number> {
    await this.#late.flush();
    return (await readUsed(this.#table)).bytes;
  }

  async counts(): Promise<readonly PartCount[]> {
    await this.#late.flush();
    return (await readUsed(this.#table, { folds: 'all' })).parts;
  }

  async correct(count: PartCount, bytes: number, now: number): Promise<void> {
    await this.#late.flush();
    return correctUsed(this.#table, count, { bytes, now });
  }

  /**
   * Adds objects that the table lacks, so that they can be found, counted and evicted. They were
   * verified before they were published, but their writer died.
   */
  async *reconcile(
    { blobs }: ListedSpan,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): AsyncGenerator<StoredBlob> {
    for (let at = 0; at < blobs.length; at += pageSize) {
      const listed = blobs.slice(at, at + pageSize);
      const known = new Map((await this.#getMany(listed)).map((blob) => [blob.digest, blob]));
      for (const { digest } of listed) {
        const blob = known.get(digest) ?? (await this.#adopt(digest, look));
        if (blob === undefined || blob.condemned !== undefined) continue;
        yield { digest, size: blob.size, stored: blob.stored };
      }
    }
  }

  async #getMany(blobs: readonly StoredBlob[]): Promise<IndexedBlob[]> {
    const keys = blobs.map(({ digest }) => blobItemKey(digest));
    const items = await readBatch(this.#table, keys, attributes);
    return items.map(readBlob).filter((blob) => blob !== undefined);
  }

  async #adopt(
    digest: Digest,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): Promise<IndexedBlob | undefined> {
    // It may have been added or deleted since the bucket was listed.
    const known = await this.get(digest);
    const found = known === undefined ? await look(digest) : undefined;
    if (found === undefined) return known;
    await this.put(found);
    return { ...found, condemned: undefined, isDeleting: false };
  }
}

function itemOf({ digest, size, stored }: StoredBlob): Item {
  return { ...keyItem(blobItemKey(digest)), size: number(size), stored: number(stored) };
}
