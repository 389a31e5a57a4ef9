import type { BlobIndex, IndexedBlob } from '../../core/bucket/blob-index.ts';
import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import { type Item, type Key, numberOf, textOf } from './item.ts';
import type { DynamoDbTable } from './table.ts';

export function blobItemKey(digest: Digest): Key {
  return { pk: `blob#${digest}`, sk: 'blob' };
}

/** Reads a blob's item; undefined if it is not one. */
export function readBlob(item: Item): IndexedBlob | undefined {
  const digest = parseDigest((textOf(item, 'pk') ?? '').slice('blob#'.length));
  const size = numberOf(item, 'size');
  if (digest === undefined || size === undefined) return undefined;
  const condemned = numberOf(item, 'condemned');
  const isDeleting = item.deleting !== undefined;
  return { digest, size, stored: numberOf(item, 'stored') ?? 0, condemned, isDeleting };
}

export async function getBlob(
  table: DynamoDbTable,
  digest: Digest,
): Promise<IndexedBlob | undefined> {
  const item = await table.get(blobItemKey(digest));
  return item && readBlob(item);
}

/** The index for the pull function, whose role may not write blobs. */
export function readOnlyBlobIndex(table: DynamoDbTable): BlobIndex {
  const refuse = () => Promise.reject(new Error('this instance may not write blobs'));
  return {
    get: (digest) => getBlob(table, digest),
    put: refuse,
    condemn: refuse,
    condemnedBefore: async () => [],
    restore: refuse,
    claim: refuse,
    forget: refuse,
    used: async () => 0,
    reconcile: (): never => {
      throw new Error('this instance does not list blobs');
    },
  };
}
