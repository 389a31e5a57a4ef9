import type { TagRecord } from '../../ports/manifest-store.ts';
import type { SeenBy } from '../../ports/tag-states.ts';
import type { Source } from '../../sources/source.ts';
import { writeWithRetry } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';

/** A tag that its upstream is asked about. */
export interface CheckedTag {
  readonly source: Source;
  readonly tag: string;
  /** Its key in memory and across instances. */
  readonly key: string;
  /** The record when the check began. */
  readonly known: TagRecord | undefined;
  /** True while other instances wait for the new record. */
  readonly othersWait: boolean;
  /** What made this mirror ask. */
  readonly seenBy: SeenBy;
}

/** Writes a tag's record, and keeps it in memory. */
export async function putRecord(
  context: Context,
  { source: { repository }, tag, key, othersWait }: CheckedTag,
  record: TagRecord,
): Promise<void> {
  context.memory.tags.set(key, record);
  context.memory.taggedDigests.set(manifestKey(repository, record.digest), tag);
  if (othersWait) {
    await writeWithRetry(context, () => context.attempt.manifests.putTag(repository, tag, record));
  } else {
    await context.manifests.putTag(repository, tag, record);
  }
}
