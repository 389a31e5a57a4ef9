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

/** How often others may come between before it is given up. */
const mostAttempts = 8;

/** A manifest to be put into a repository; `pulled` in ms since 1970. */
export interface ManifestToPut {
  readonly repository: string;
  readonly manifest: Manifest;
  readonly contents: ManifestContents | undefined;
  readonly pulled: number;
}

/**
 * Puts a manifest: all its rows first, its own item last and only if nobody else did, so that a
 * reader who finds the item finds the rows, and a repeat after a failure completes them.
 *
 * A time line with a removal: (1) the item of generation 4 is marked as gone, (2) we read it and
 * write rows of generation 5, (3) the removal reaches our rows and leaves them, (4) our item goes
 * over the mark. A second put between 2 and 4 writes the same rows, and one of the two items stays.
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
      // Bytes that the bucket lost come back with the first client who asks for them.
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
  const message = `${repository}@${digest} is put and removed all the time`;
  throw new ServiceError(message, { code: 'Contended' });
}

/**
 * Names the repository in the catalogue. Its stamp is new each time: a removal that saw no manifest
 * before ours takes the name out only if the stamp is still the one it saw.
 */
async function addToCatalogue(table: DynamoDbTable, repository: string): Promise<void> {
  const key = keyItem({ pk: cataloguePartition, sk: repository });
  await table.put({ ...key, stamp: text(randomUUID()) });
}
