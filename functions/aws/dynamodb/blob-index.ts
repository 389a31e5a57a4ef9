import type { BlobIndex, ListedSpan } from '../../core/bucket/blob-index.ts';
import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { readBatch } from './batch.ts';
import { type Item, type Key, keyItem, number, numberOf, textOf } from './item.ts';
import type { DynamoDbTable } from './table.ts';

/*
 * Further items of the table (see item-keys.ts). D is a digest.
 *
 * | item       | pk     | sk   | read by               |
 * |------------|--------|------|-----------------------|
 * | blob       | blob#D | blob | GetItem, BatchGetItem |
 * | used bytes | blobs  | used | GetItem               |
 */

function blobItemKey(digest: Digest): Key {
  return { pk: `blob#${digest}`, sk: 'blob' };
}

const attributes = ['pk', 'size', 'stored'];

/** Blobs per read: one call, so that a caller who needs only a few does not pay for all. */
const pageSize = 100;

const usedKey: Key = { pk: 'blobs', sk: 'used' };

/** The index of blobs as items of the table, with a counter for their total size. */
export class DynamoDbBlobIndex implements BlobIndex {
  readonly #table: DynamoDbTable;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async get(digest: Digest): Promise<StoredBlob | undefined> {
    const item = await this.#table.get(blobItemKey(digest));
    return item && readBlob(item);
  }

  async put({ digest, size, stored }: StoredBlob): Promise<void> {
    const item = { ...keyItem(blobItemKey(digest)), size: number(size), stored: number(stored) };
    const written = await this.#table.put(item, { condition: 'attribute_not_exists(#pk)' });
    if (written.kind === 'written') await this.#count(size);
  }

  async delete(digest: Digest, erase: () => Promise<void>): Promise<void> {
    const stored = await this.get(digest);
    if (stored === undefined) return;
    await erase();
    const condition = 'attribute_exists(#pk)';
    const removed = await this.#table.remove(blobItemKey(digest), { condition });
    if (removed.kind === 'written') await this.#count(-stored.size);
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
        if (blob !== undefined) yield blob;
      }
    }
  }

  async #getMany(blobs: readonly StoredBlob[]): Promise<StoredBlob[]> {
    const keys = blobs.map(({ digest }) => blobItemKey(digest));
    const items = await readBatch(this.#table, keys, attributes);
    return items.map(readBlob).filter((blob) => blob !== undefined);
  }

  async #adopt(
    digest: Digest,
    look: (digest: Digest) => Promise<StoredBlob | undefined>,
  ): Promise<StoredBlob | undefined> {
    // It may have been added or deleted since the bucket was listed.
    const known = await this.get(digest);
    const found = known === undefined ? await look(digest) : undefined;
    if (found === undefined) return known;
    await this.put(found);
    return found;
  }

  async #count(bytes: number): Promise<void> {
    const values = { ':bytes': number(bytes) };
    await this.#table.update(usedKey, { update: 'ADD #bytes :bytes', values, once: true });
  }
}

function readBlob(item: Item): StoredBlob | undefined {
  const digest = parseDigest((textOf(item, 'pk') ?? '').slice('blob#'.length));
  const size = numberOf(item, 'size');
  if (digest === undefined || size === undefined) return undefined;
  return { digest, size, stored: numberOf(item, 'stored') ?? 0 };
}
