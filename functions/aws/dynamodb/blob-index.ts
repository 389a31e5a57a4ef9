import type { BlobIndex } from '../../core/bucket/blob-index.ts';
import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import type { NotedBlob, StoredBlob } from '../../core/ports/blob-store.ts';
import { readBatch } from './batch.ts';
import { type Item, type Key, keyItem, number, numberOf, textOf } from './item.ts';
import type { DynamoDbTable } from './table.ts';

/*
 * Two more kinds of items of the table; D is a digest.
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

const usedKey: Key = { pk: 'blobs', sk: 'used' };

/** The blobs as items of the table; a count beside them says what they take together. */
export class DynamoDbBlobIndex implements BlobIndex {
  readonly #table: DynamoDbTable;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async get(digest: Digest): Promise<StoredBlob | undefined> {
    const item = await this.#table.get(blobItemKey(digest));
    return item && readBlob(item);
  }

  async getMany(digests: readonly Digest[]): Promise<readonly StoredBlob[]> {
    const items = await readBatch(this.#table, digests.map(blobItemKey), attributes);
    return items.map(readBlob).filter((blob) => blob !== undefined);
  }

  async put({ digest, size, stored }: StoredBlob): Promise<void> {
    const item = { ...keyItem(blobItemKey(digest)), size: number(size), stored: number(stored) };
    const written = await this.#table.put(item, { condition: 'attribute_not_exists(#pk)' });
    if (written.kind === 'written') await this.#count(size);
  }

  async delete({ digest, size }: NotedBlob): Promise<void> {
    const condition = 'attribute_exists(#pk)';
    const removed = await this.#table.remove(blobItemKey(digest), { condition });
    if (removed.kind === 'written') await this.#count(-size);
  }

  async used(): Promise<number> {
    const item = await this.#table.get(usedKey);
    return (item && numberOf(item, 'bytes')) ?? 0;
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
