import {
  type BlobIndex,
  claimLife,
  type IndexedBlob,
  type ListedSpan,
} from '../../core/bucket/blob-index.ts';
import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import type { CondemnedBlob, StoredBlob } from '../../core/ports/blob-store.ts';
import { StoreBusy } from '../../core/ports/leases.ts';
import { readBatch } from './batch.ts';
import { type Item, type Key, keyItem, number, numberOf, text, textOf } from './item.ts';
import { timeKey } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/*
 * Further items of the table (see item-keys.ts). D is a digest.
 *
 * | item       | pk        | sk     | read by               |
 * |------------|-----------|--------|-----------------------|
 * | blob       | blob#D    | blob   | GetItem, BatchGetItem |
 * | condemned  | condemned | time#D | Query, oldest first   |
 * | used bytes | blobs     | used   | GetItem               |
 *
 * The blob's item decides: it has `condemned`, and `deleting` while its object is deleted. The row of
 * the list of condemned blobs is written before the item and removed after it, so that a blob that is
 * condemned is on the list. A row without such a blob is removed when it is due.
 */

function blobItemKey(digest: Digest): Key {
  return { pk: `blob#${digest}`, sk: 'blob' };
}

const condemnedPartition = 'condemned';

function condemnedKey({ digest, since }: CondemnedBlob): Key {
  return { pk: condemnedPartition, sk: timeKey(since, digest) };
}

const attributes = ['pk', 'size', 'stored', 'condemned', 'deleting'];

/** Blobs per read: one call, so that a caller who needs only a few does not pay for all. */
const pageSize = 100;

const usedKey: Key = { pk: 'blobs', sk: 'used' };

const isStored = 'attribute_exists(#pk) AND attribute_not_exists(#deleting)';
const isCondemned = `${isStored} AND attribute_exists(#condemned)`;

/** The index of blobs as items of the table, with a counter for their total size. */
export class DynamoDbBlobIndex implements BlobIndex {
  readonly #table: DynamoDbTable;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async get(digest: Digest): Promise<IndexedBlob | undefined> {
    const item = await this.#table.get(blobItemKey(digest));
    return item && readBlob(item);
  }

  async put({ digest, size, stored }: StoredBlob): Promise<void> {
    const item = { ...keyItem(blobItemKey(digest)), size: number(size), stored: number(stored) };
    const written = await this.#table.put(item, { condition: 'attribute_not_exists(#pk)' });
    if (written.kind === 'written') return this.#count(size);
    if (!(await this.restore(digest))) throw new StoreBusy(`${digest} is being deleted`);
  }

  async condemn(digest: Digest, since: number): Promise<StoredBlob | undefined> {
    const blob = await this.get(digest);
    if (blob === undefined || blob.isDeleting) return undefined;
    const row = condemnedKey({ digest, since });
    await this.#table.put(keyItem(row));
    const outcome = await this.#table.update(blobItemKey(digest), {
      update: 'SET #condemned = :since',
      condition: isStored,
      values: { ':since': number(since) },
      answer: 'ALL_OLD',
    });
    if (outcome.kind === 'refused') {
      await this.#table.remove(row);
      return undefined;
    }
    const before = numberOf(outcome.item, 'condemned');
    if (before === since) return undefined;
    if (before !== undefined) {
      await this.#table.remove(condemnedKey({ digest, since: before }));
      return undefined;
    }
    await this.#count(-blob.size);
    return { digest, size: blob.size, stored: blob.stored };
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
    const outcome = await this.#table.update(blobItemKey(digest), {
      update: 'REMOVE #condemned',
      condition: isCondemned,
      answer: 'ALL_OLD',
    });
    if (outcome.kind === 'refused') {
      const blob = await this.get(digest);
      return blob !== undefined && blob.condemned === undefined;
    }
    const since = numberOf(outcome.item, 'condemned');
    await this.#count(numberOf(outcome.item, 'size') ?? 0);
    if (since !== undefined) await this.#table.remove(condemnedKey({ digest, since }));
    return true;
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
    // Left by a writer that died, or by a restoration that is about to remove it.
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
    const item = await this.#table.get(usedKey);
    return (item && numberOf(item, 'bytes')) ?? 0;
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

  async #count(bytes: number): Promise<void> {
    const values = { ':bytes': number(bytes) };
    await this.#table.update(usedKey, { update: 'ADD #bytes :bytes', values, once: true });
  }
}

function readBlob(item: Item): IndexedBlob | undefined {
  const digest = parseDigest((textOf(item, 'pk') ?? '').slice('blob#'.length));
  const size = numberOf(item, 'size');
  if (digest === undefined || size === undefined) return undefined;
  const condemned = numberOf(item, 'condemned');
  const isDeleting = item.deleting !== undefined;
  return { digest, size, stored: numberOf(item, 'stored') ?? 0, condemned, isDeleting };
}
