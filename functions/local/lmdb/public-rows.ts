import { type PublicRepository, publicLife } from '../../core/ports/public-repositories.ts';
import type { IndexDatabase } from './database.ts';

/** How many public repositories are remembered: clients choose the names. */
const mostPublic = 10_000;

/** How many of them are removed when there are more. */
const surplus = 1_000;

type Table = Pick<IndexDatabase, 'publicRepositories'>;

/** Notes when a repository was seen to be public. Must run inside `write`. */
export function putPublic({ publicRepositories: rows }: Table, key: string, seen: number): void {
  void rows.put(key, seen);
  if (rows.getCount() <= mostPublic) return;
  const all = Array.from(rows.getRange({}), ({ key, value }) => ({ key, seen: value }));
  all.sort((one, two) => one.seen - two.seen);
  for (const { key } of all.slice(0, surplus)) void rows.remove(key);
}

/** Those of these repositories that were public not too long before `now`. */
export function getPublic(
  { publicRepositories: rows }: Table,
  keys: readonly string[],
  now: number,
): PublicRepository[] {
  return keys.flatMap((key) => {
    const seen = rows.get(key);
    return seen === undefined || now >= seen + publicLife ? [] : [{ key, seen }];
  });
}
