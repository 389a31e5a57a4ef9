import type { TagRecord } from '../../ports/manifest-store.ts';
import type { Refused } from '../../ports/upstream.ts';
import type { Context } from '../context.ts';
import { refusalLife } from '../memory.ts';
import { type CheckedTag, putRecord } from './checked-tag.ts';
import { confirmationDelay, refusalOf, refusedRecord } from './tag-record.ts';

/** True if a refusal of a known tag lasted long enough for a GET to confirm it. */
export function isConfirmable(
  { runtime }: Pick<Context, 'runtime'>,
  known: TagRecord | undefined,
): boolean {
  const refusal = known && refusalOf(known);
  if (refusal === undefined || refusal.isConfirmed) return false;
  return runtime.now() - refusal.since >= confirmationDelay;
}

/**
 * Remembers and records that the upstream refuses a tag. Writes nothing for a tag that was never mirrored, because
 * clients may request any name.
 */
export async function recordRefusal(
  context: Context,
  checked: CheckedTag,
  refused: Refused,
  isByGet: boolean,
): Promise<Refused> {
  const { key, known } = checked;
  context.memory.refusals.set(key, refused, refusalLife);
  if (known === undefined) return refused;
  const now = context.runtime.now();
  const before = refusalOf(known);
  if (before?.isConfirmed) {
    // Gives a record of the older form the present one.
    if (known.refusal === undefined)
      await putRecord(context, checked, refusedRecord(known, before));
    return refused;
  }
  const isConfirmed = isByGet && isConfirmable(context, known);
  // If the clock was set back, the delay begins again.
  if (before !== undefined && before.since <= now && !isConfirmed) return refused;
  const since = isConfirmed && before !== undefined ? before.since : now;
  if (isConfirmed) await reportGone(context, checked, known, since);
  const record = refusedRecord(known, { since, isConfirmed });
  await putRecord(context, { ...checked, othersWait: false }, record);
  return refused;
}

/** Reports that a tag is gone, unless another instance already did. */
async function reportGone(
  context: Context,
  { source, tag }: CheckedTag,
  { digest }: TagRecord,
  since: number,
): Promise<void> {
  const { repository, key } = source;
  const stored = await context.manifests.getTag(repository, tag);
  if (stored !== undefined && refusalOf(stored)?.isConfirmed) return;
  context.runtime.observe({
    kind: 'gone-upstream',
    registry: repository.registry,
    repository: key,
    tag,
    digest,
    since: new Date(since).toISOString(),
  });
}
