import { randomUUID } from 'node:crypto';
import type { Manifest, ManifestContents } from '../../core/oci/manifest.ts';
import { ServiceError } from '../sdk/service-error.ts';
import { writeBatch } from './batch.ts';
import { keyItem, number, text } from './item.ts';
import { cataloguePartition, manifestItemKey, pullKey } from './item-keys.ts';
import {
  isLarge,
  type LargeManifests,
  manifestItem,
  manifestRows,
  pullRow,
  stateAttributes,
  stateOf,
  upToGeneration,
} from './manifest-item.ts';
import type { DynamoDbTable } from './table.ts';

/** How often a concurrent write may interfere. */
const mostAttempts = 8;

/** A manifest to put into a repository; `pulled` in ms since 1970. */
export interface ManifestToPut {
  readonly repository: string;
  readonly manifest: Manifest;
  readonly contents: ManifestContents | undefined;
  readonly pulled: number;
}

/**
 * Puts a manifest: first its rows, then its item, unless another put wrote the item. So a reader that
 * finds the item finds the rows, and a retry after a failure completes them.
 *
 * Timeline with a concurrent removal: (1) the removal marks the item of generation 4 as gone, (2) we
 * read it and write rows of generation 5, (3) the removal skips our rows, (4) our item replaces the
 * mark. A second put between 2 and 4 writes the same rows, and one of the two items stays.
 */
export async function putManifest(
  table: DynamoDbTable,
  large: LargeManifests,
  { repository, manifest, contents, pulled }: ManifestToPut,
): Promise<void> {
  const { digest } = manifest;
  const key = manifestItemKey(repository, digest);
  let written: number | undefined;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const item = await table.get(key, stateAttributes);
    const stored = item && stateOf(item);
    const live = stored !== undefined && !stored.isGone ? stored : undefined;
    if (live !== undefined && (written === undefined || written === live.generation)) {
      // Restores bytes that the bucket lost.
      if (isLarge(manifest)) await large.put(digest, manifest.bytes);
      if (written !== undefined && live.pulled !== pulled) {
        await table.remove(pullKey(pulled, repository, digest), upToGeneration(written));
      }
      return;
    }
    const generation = live?.generation ?? (stored?.generation ?? 0) + 1;
    const rows = manifestRows(repository, digest, contents?.blobs ?? [], generation);
    const pull = live === undefined ? [pullRow(repository, digest, { pulled, generation })] : [];
    await Promise.all([
      writeBatch(table, { put: [...pull, ...rows] }),
      isLarge(manifest) ? large.put(digest, manifest.bytes) : undefined,
    ]);
    written = generation;
    if (live !== undefined) continue;
    await addToCatalogue(table, repository);
    const outcome = await table.put(manifestItem(repository, manifest, { generation, pulled }), {
      condition: 'attribute_not_exists(#pk) OR (attribute_exists(#gone) AND #generation < :own)',
      values: { ':own': number(generation) },
    });
    if (outcome.kind === 'written') return;
  }
  const message = `${repository}@${digest} is being put and removed repeatedly`;
  throw new ServiceError(message, { code: 'Contended' });
}

/**
 * Adds the repository to the catalogue under a new stamp: a removal that saw no manifests removes the
 * name only if it still has the stamp from before.
 */
async function addToCatalogue(table: DynamoDbTable, repository: string): Promise<void> {
  const key = keyItem({ pk: cataloguePartition, sk: repository });
  await table.put({ ...key, stamp: text(randomUUID()) });
}
