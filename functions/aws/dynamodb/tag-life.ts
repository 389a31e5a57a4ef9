import type { Digest } from '../../core/oci/digest.ts';
import { repositoryOf } from '../../core/oci/repository.ts';
import { tagLife } from '../../core/ports/manifest-store.ts';
import { type Key, keyOf, number, textOf } from './item.ts';
import { manifestItemKey, tagPartition } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/*
 * DynamoDB deletes a tag whose manifest its repository does not have: the tag has a time to live then.
 * containerd asks for a tag by HEAD, and for its manifest at another instance. So a tag is written
 * before its manifest is looked up, and a manifest is written before its tags are: one of the two finds
 * the other.
 */

/** Gives a tag that was just written a time to live if its manifest is not here. `now` in ms. */
export async function expireUnneeded(
  table: DynamoDbTable,
  repository: string,
  tag: string,
  digest: Digest,
  now: number,
): Promise<void> {
  const key = { pk: tagPartition(repositoryOf(repository)), sk: tag };
  if (await hasManifest(table, repository, digest)) return;
  await expire(table, key, digest, now);
  if (await hasManifest(table, repository, digest)) await keep(table, key);
}

/** Keeps the tags that name a manifest which was just written. */
export async function keepTags(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
): Promise<void> {
  for (const { key, expires } of await tagsOf(table, repository, digest)) {
    if (expires) await keep(table, key);
  }
}

/** Gives the tags of a manifest that was just removed a time to live. `now` in ms. */
export async function expireTags(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
  now: number,
): Promise<void> {
  for (const { key, expires } of await tagsOf(table, repository, digest)) {
    if (!expires) await expire(table, key, digest, now);
  }
}

/** The tags of a repository that name a manifest, among the first of its tags that fit into 1 MB. */
async function tagsOf(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
): Promise<readonly { readonly key: Key; readonly expires: boolean }[]> {
  const pk = tagPartition(repositoryOf(repository));
  const attributes = ['pk', 'sk', 'digest', 'ttl'];
  for await (const items of table.pages({ pk, attributes })) {
    return items
      .filter((item) => textOf(item, 'digest') === digest)
      .map((item) => ({ key: keyOf(item), expires: item.ttl !== undefined }));
  }
  return [];
}

async function hasManifest(
  table: DynamoDbTable,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  const item = await table.get(manifestItemKey(repository, digest), ['generation', 'gone']);
  return item !== undefined && item.gone === undefined;
}

async function expire(table: DynamoDbTable, key: Key, digest: Digest, now: number): Promise<void> {
  await table.update(key, {
    update: 'SET #ttl = :ttl',
    condition: '#digest = :digest',
    values: { ':ttl': number(Math.ceil((now + tagLife) / 1000)), ':digest': { S: digest } },
  });
}

async function keep(table: DynamoDbTable, key: Key): Promise<void> {
  await table.update(key, { update: 'REMOVE #ttl', condition: 'attribute_exists(#pk)' });
}
