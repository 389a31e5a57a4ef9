import { type Hold, holdLife } from '../../core/ports/manifest-store.ts';
import type { IndexDatabase } from './database.ts';
import { under } from './manifest-rows.ts';

/** How many holds of all repositories are kept: clients choose the names. */
const mostHolds = 2_000;

/** How many of them are removed when there are more. */
const surplus = 200;

/** Writes a hold. Must run inside `write`. */
export function putHold(
  { holds }: Pick<IndexDatabase, 'holds'>,
  repository: string,
  hold: Hold,
  now: number,
): void {
  void holds.put([repository, hold.digest], hold);
  if (holds.getCount() <= mostHolds) return;
  const rows = Array.from(holds.getRange({}), ({ key, value: { since } }) => ({ key, since }));
  // Those of a clock that was ahead go first.
  const age = (since: number) => (since > now ? Number.POSITIVE_INFINITY : now - since);
  rows.sort((one, two) => age(two.since) - age(one.since));
  for (const { key } of rows.slice(0, surplus)) void holds.remove(key);
}

/** The holds of a repository that are not too old. */
export function listHolds(
  { holds }: Pick<IndexDatabase, 'holds'>,
  repository: string,
  now: number,
): Hold[] {
  const rows = Array.from(holds.getRange(under(repository)), ({ value }) => value);
  return rows.filter(({ since }) => now < since + holdLife);
}
