import { type Digest, parseDigest } from '../../core/oci/digest.ts';
import { repositoryKey, repositoryOf } from '../../core/oci/repository.ts';
import type { PulledManifest } from '../../core/ports/manifest-store.ts';
import { readBatch } from './batch.ts';
import { type Item, type Key, keyOf, number, numberOf, text, textOf } from './item.ts';
import { manifestItemKey, pullKey, pullPartition } from './item-keys.ts';
import { isLive, pullRow, stateAttributes, stateOf } from './manifest-item.ts';
import type { DynamoDbTable } from './table.ts';

/** Younger pulls without a manifest are kept: their manifest may be about to be put. In ms. */
const grace = 3_600_000;

/** Rows that are read and compared with their manifests at a time. */
const pageSize = 100;

/** Records a pull of a manifest, unless a later one is recorded. `pulled` in ms since 1970. */
export async function markPulled(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
  pulled: number,
): Promise<void> {
  const outcome = await table.update(manifestItemKey(repository, digest), {
    // Setting the generation to itself includes it in the response.
    update: 'SET #pulled = :pulled, #generation = #generation',
    condition: `${isLive} AND #pulled < :pulled`,
    values: { ':pulled': number(pulled) },
    answer: 'UPDATED_OLD',
  });
  if (outcome.kind === 'refused') return;
  const { generation, pulled: before } = stateOf(outcome.item);
  await movePull(table, repository, digest, before, { pulled, generation });
}

/** Puts the new row first: a manifest without a row would never be evicted. */
async function movePull(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
  before: number,
  to: { readonly pulled: number; readonly generation: number },
): Promise<void> {
  await table.put(pullRow(repository, digest, to));
  await table.remove(pullKey(before, repository, digest));
}

interface Pull {
  readonly repository: string;
  readonly digest: Digest;
  readonly pulled: number;
}

/**
 * The least recently pulled manifests, at most `limit`, and after one of an earlier list. Compares each row with its manifest and
 * repairs rows that a crash or a race left behind. `now` in ms.
 */
export async function leastRecentlyPulled(
  table: DynamoDbTable,
  limit: number,
  now: number,
  after?: PulledManifest,
): Promise<readonly PulledManifest[]> {
  const found: PulledManifest[] = [];
  if (limit <= 0) return found;
  const range = after && {
    condition: '#sk > :after',
    values: {
      ':after': text(pullKey(after.pulled, repositoryKey(after.repository), after.digest).sk),
    },
  };
  for await (const rows of table.pages({ pk: pullPartition, pageSize, ...(range && { range }) })) {
    const pulls = rows.map(readPull).filter((pull) => pull !== undefined);
    const items = await manifestItems(table, pulls);
    for (const pull of pulls) {
      const item = items.get(idOf(manifestItemKey(pull.repository, pull.digest)));
      if (item !== undefined && stateOf(item).pulled === pull.pulled) {
        const { digest, pulled } = pull;
        found.push({ repository: repositoryOf(pull.repository), digest, pulled });
        if (found.length === limit) return found;
      } else {
        await repairPull(table, pull, item, now);
      }
    }
  }
  return found;
}

async function repairPull(table: DynamoDbTable, pull: Pull, item: Item | undefined, now: number) {
  const { repository, digest, pulled } = pull;
  const state = item && stateOf(item);
  if (state !== undefined && !state.isGone) {
    await movePull(table, repository, digest, pulled, state);
  } else if (state !== undefined || now - pulled > grace) {
    await table.remove(pullKey(pulled, repository, digest));
  }
}

async function manifestItems(
  table: DynamoDbTable,
  pulls: readonly Pull[],
): Promise<ReadonlyMap<string, Item>> {
  const keys = pulls.map(({ repository, digest }) => manifestItemKey(repository, digest));
  const unique = new Map(keys.map((key) => [idOf(key), key]));
  const items = await readBatch(table, [...unique.values()], ['pk', 'sk', ...stateAttributes]);
  return new Map(items.map((item) => [idOf(keyOf(item)), item]));
}

function readPull(row: Item): Pull | undefined {
  const repository = textOf(row, 'repository');
  const digest = parseDigest(textOf(row, 'digest') ?? '');
  const pulled = numberOf(row, 'pulled');
  if (repository === undefined || digest === undefined || pulled === undefined) return undefined;
  return { repository, digest, pulled };
}

function idOf({ pk, sk }: Key): string {
  return `${pk} ${sk}`;
}
