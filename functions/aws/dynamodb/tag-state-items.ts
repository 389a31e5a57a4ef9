import type { Repository } from '../../core/oci/repository.ts';
import type { Consistency } from '../../core/ports/consistency.ts';
import { keptUntil, readTagState, tagStateText } from '../../core/ports/tag-state-text.ts';
import type { StoredTagState, TagState } from '../../core/ports/tag-states.ts';
import { type Item, keyItem, number, numberOf, text, textOf, timeToLive } from './item.ts';
import { tagStatePartition } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/** What is added to the life of a state, in ms: a row must outlive its last use. */
const margin = 30 * 86_400_000;

export async function getTagState(
  table: DynamoDbTable,
  repository: Repository,
  tag: string,
  consistency?: Consistency,
): Promise<StoredTagState | undefined> {
  const key = { pk: tagStatePartition(repository), sk: tag };
  const item = await table.get(key, undefined, consistency);
  return item && readState(item);
}

/** A tag, and the revision of its state that a change began with. */
interface ExpectedState {
  readonly repository: Repository;
  readonly tag: string;
  readonly revision: number | undefined;
}

/** Writes a state if the stored one has this revision; false if another write was first. */
export async function putTagState(
  table: DynamoDbTable,
  { repository, tag, revision }: ExpectedState,
  state: TagState,
  now: number,
): Promise<boolean> {
  const kept = keptUntil(state, now);
  const end = kept === undefined ? undefined : Math.ceil((kept + margin) / 1000);
  const key = { pk: tagStatePartition(repository), sk: tag };
  const next = (revision ?? 0) + 1;
  const written = tagStateText(state);
  const item = {
    ...keyItem(key),
    state: text(written),
    revision: number(next),
    ...timeToLive(end),
  };
  const isExpected =
    revision === undefined
      ? { condition: 'attribute_not_exists(#pk)' }
      : { condition: '#revision = :revision', values: { ':revision': number(revision) } };
  if ((await table.put(item, isExpected)).kind === 'written') return true;
  // The SDK repeats a call whose answer was lost, and the condition then refuses our own write.
  const stored = await table.get(key);
  if (stored === undefined) return false;
  return numberOf(stored, 'revision') === next && textOf(stored, 'state') === written;
}

export function readState(item: Item): StoredTagState {
  return readTagState(textOf(item, 'state') ?? '', numberOf(item, 'revision') ?? 0);
}
