import { type Repository, repositoryKey } from '../../core/oci/repository.ts';
import { type PublicRepository, publicLife } from '../../core/ports/public-repositories.ts';
import { readBatch } from './batch.ts';
import { keyItem, number, numberOf, textOf } from './item.ts';
import { publicKey } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/** Notes when a repository was seen to be public, until DynamoDB deletes the note. */
export async function putPublic(
  table: DynamoDbTable,
  repository: Repository,
  seen: number,
): Promise<void> {
  const key = publicKey(repositoryKey(repository));
  const ttl = number(Math.ceil((seen + publicLife) / 1000));
  await table.put({ ...keyItem(key), seen: number(seen), ttl });
}

/** Those of these repositories that were public not too long before `now`, in ms since 1970. */
export async function getPublic(
  table: DynamoDbTable,
  repositories: readonly Repository[],
  now: number,
): Promise<PublicRepository[]> {
  const keys = [...new Set(repositories.map(repositoryKey))].map(publicKey);
  const items = await readBatch(table, keys, ['pk', 'seen']);
  return items.flatMap((item) => {
    const key = textOf(item, 'pk')?.slice(publicKey('').pk.length);
    const seen = numberOf(item, 'seen');
    // DynamoDB deletes expired items within days, not at once.
    const isOld = key === undefined || seen === undefined || now >= seen + publicLife;
    return isOld ? [] : [{ key, seen }];
  });
}
