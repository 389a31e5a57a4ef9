import type { TagRecord, TagRefusal } from '../../ports/manifest-store.ts';
import type { UpstreamPolicy } from '../../sources/upstream-policy.ts';

const longestHistory = 20;

/** How long a refusal has to last before it counts, in ms: registries answer 404 by mistake. */
export const confirmationDelay = 10 * 60_000;

/** The manifest that the upstream says a tag names. */
export type UpstreamTag = { readonly kind: 'found' } & Pick<
  TagRecord,
  'digest' | 'mediaType' | 'size'
>;

/** The record of a tag that exists upstream, as of `now` (ms since 1970). */
export function recordOf(tag: UpstreamTag, known: TagRecord | undefined, now: number): TagRecord {
  const { digest, mediaType, size } = tag;
  if (known === undefined) {
    return { digest, mediaType, size, firstSeen: now, changed: now, checked: now, history: [] };
  }
  const { refusal: _, ...former } = known;
  const refusal = refusalOf(known);
  // It must replace the record of the refusal, even if the clock was set back.
  const checked = refusal === undefined ? now : Math.max(now, known.checked + 1);
  if (known.digest === digest) return { ...former, checked };
  const until = refusal?.since ?? now;
  const isOfOlderForm = refusal !== undefined && known.refusal === undefined;
  const noted = isOfOlderForm ? [] : [{ digest: known.digest, until }];
  return {
    digest,
    mediaType,
    size,
    firstSeen: known.firstSeen,
    changed: now,
    checked,
    history: [...noted, ...known.history].slice(0, longestHistory),
  };
}

/** The record of a tag that the upstream refuses; `checked` stays the time of its last confirmation. */
export function refusedRecord(known: TagRecord, refusal: TagRefusal): TagRecord {
  return { ...known, refusal };
}

/** The upstream's refusal of the tag; undefined while it has the tag. */
export function refusalOf({
  digest,
  checked,
  history,
  refusal,
}: TagRecord): TagRefusal | undefined {
  if (refusal !== undefined) return refusal;
  const [last] = history;
  const isOfOlderForm = last?.digest === digest && last.until === checked;
  return isOfOlderForm ? { since: checked, isConfirmed: true } : undefined;
}

/**
 * True if the last known image of a tag may be served although the upstream does not confirm it now: it
 * fails, or refuses the tag. `now` in ms since 1970.
 */
export function mayOutlive(
  record: TagRecord,
  { maxStale, onDeleted }: Pick<UpstreamPolicy, 'maxStale' | 'onDeleted'>,
  now: number,
): boolean {
  const refusal = refusalOf(record);
  const { keepFor, minimumAge } = onDeleted === 'refuse' ? never : onDeleted;
  if (refusal?.isConfirmed !== true) {
    const isNew = refusal !== undefined && now - refusal.since <= confirmationDelay;
    const longest = refusal === undefined ? maxStale : Math.max(maxStale, keepFor);
    return isNew || now - record.checked <= longest;
  }
  // A young image may have been withdrawn because it is malicious.
  const isOld = refusal.since - firstSeenOf(record) >= minimumAge;
  return isOld && now - refusal.since <= keepFor;
}

const never = { keepFor: Number.NEGATIVE_INFINITY, minimumAge: Number.POSITIVE_INFINITY };

/** When the tag was first seen to name its present digest, if it did so before. */
function firstSeenOf({ digest, changed, history, firstSeen }: TagRecord): number {
  const at = history.findLastIndex((former) => former.digest === digest);
  const former = history[at];
  if (former === undefined) return changed;
  // It named a digest from the end of the one before.
  const before = history[at + 1];
  if (before !== undefined) return before.until;
  return history.length < longestHistory ? firstSeen : former.until;
}
