import type { Digest } from '../../core/oci/digest.ts';
import { readManifest } from '../../core/oci/manifest.ts';
import { repositoryOf } from '../../core/oci/repository.ts';
import { forEachInParallel } from './batch.ts';
import { type Item, number, numberOf, textOf } from './item.ts';
import {
  cataloguePartition,
  listPartition,
  manifestItemKey,
  manifestPartition,
  memberPartition,
  pullKey,
} from './item-keys.ts';
import { removeLists } from './list-items.ts';
import {
  isLive,
  keysOf,
  type LargeManifests,
  manifestRows,
  readManifestItem,
  stateOf,
  upToGeneration,
} from './manifest-item.ts';
import type { DynamoDbTable } from './table.ts';

/** How long a removed manifest's item is kept, in seconds: longer than any put takes. */
const goneLife = 86_400;

/**
 * Removes a manifest from a repository: marks its item as gone, deletes its rows, and its pull last,
 * so that eviction finds an interrupted removal again. `now` in ms.
 */
export async function removeManifest(
  table: DynamoDbTable,
  large: LargeManifests,
  repository: string,
  digest: Digest,
  now: number,
): Promise<void> {
  const key = manifestItemKey(repository, digest);
  const item = await table.get(key);
  if (item === undefined) return;
  const { generation, isGone, pulled } = stateOf(item);
  let lastPulled = pulled;
  if (!isGone) {
    const marked = await table.update(key, {
      // Setting the pull to itself includes it in the response: it may have moved meanwhile.
      update: 'SET #gone = :now, #ttl = :ttl, #pulled = #pulled',
      condition: `${isLive} AND #generation = :generation`,
      values: {
        ':now': number(now),
        ':ttl': number(Math.ceil(now / 1000) + goneLife),
        ':generation': number(generation),
      },
      answer: 'UPDATED_OLD',
    });
    // Another removal was faster and does the rest.
    if (marked.kind === 'refused') return;
    lastPulled = numberOf(marked.item, 'pulled') ?? pulled;
  }
  await removeRows(table, large, repository, digest, item);
  await removeFromCatalogue(table, repository);
  if (item.large !== undefined) await removeBytes(table, large, digest);
  await table.remove(pullKey(lastPulled, repository, digest), upToGeneration(generation));
}

async function removeRows(
  table: DynamoDbTable,
  large: LargeManifests,
  repository: string,
  digest: Digest,
  item: Item,
): Promise<void> {
  const { generation } = stateOf(item);
  const manifest = await readManifestItem(item, digest, large);
  // An earlier version wrote rows for any number of blobs.
  const contents = manifest && readManifest(manifest, Number.POSITIVE_INFINITY);
  const blobs = contents?.blobs ?? [];
  const keys = keysOf(manifestRows(repository, digest, blobs, generation));
  await forEachInParallel(keys, (key) => table.remove(key, upToGeneration(generation)));
}

/**
 * Removes a repository without members from the catalogue. A put writes its member before the name, so
 * if there is no member here, a concurrent put changes the stamp that was read before.
 */
async function removeFromCatalogue(table: DynamoDbTable, repository: string): Promise<void> {
  const key = { pk: cataloguePartition, sk: repository };
  const named = await table.get(key);
  const stamp = named && textOf(named, 'stamp');
  if (stamp === undefined) return;
  const member = await table.first({ pk: memberPartition(repository), attributes: ['sk'] });
  if (member !== undefined) return;
  const condition = '#stamp = :stamp';
  const removed = await table.remove(key, { condition, values: { ':stamp': { S: stamp } } });
  if (removed.kind === 'written') await removeLists(table, listPartition(repositoryOf(repository)));
}

/** Deletes the bytes from the bucket if no repository has the manifest any more. */
async function removeBytes(
  table: DynamoDbTable,
  large: LargeManifests,
  digest: Digest,
): Promise<void> {
  const holder = await table.first({
    pk: manifestPartition(digest),
    filter: 'attribute_not_exists(#gone)',
    attributes: ['sk'],
  });
  if (holder === undefined) await large.delete(digest);
}
