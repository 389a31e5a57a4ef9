import type { Repository } from '../../core/oci/repository.ts';
import type { ListedTagState } from '../../core/ports/tag-states.ts';
import { textOf } from './item.ts';
import { tagStatePartition } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';
import { readState } from './tag-state-items.ts';

/** One Query, because a repository's states are a partition. */
export async function listTagStates(
  table: DynamoDbTable,
  repository: Repository,
): Promise<readonly ListedTagState[]> {
  const states: ListedTagState[] = [];
  for await (const items of table.pages({ pk: tagStatePartition(repository) })) {
    for (const item of items) {
      const { state, revision, isNewer } = readState(item);
      states.push({ tag: textOf(item, 'sk') ?? '', state, revision, isNewer });
    }
  }
  return states;
}
