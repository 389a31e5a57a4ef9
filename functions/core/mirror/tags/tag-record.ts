import type { TagRecord } from '../../ports/manifest-store.ts';

/** How many former digests of a tag are remembered. */
const longestHistory = 20;

/** What the upstream was seen to name by a tag. */
export type SeenTag = { readonly kind: 'found' } & Pick<TagRecord, 'digest' | 'mediaType' | 'size'>;

/** The record of a tag that the upstream has, as of `now` (ms since 1970). */
export function recordOf(seen: SeenTag, known: TagRecord | undefined, now: number): TagRecord {
  const { digest, mediaType, size } = seen;
  if (known === undefined) {
    return { digest, mediaType, size, firstSeen: now, changed: now, checked: now, history: [] };
  }
  // In the moment in which it went it would count as gone.
  const checked = isGone(known) ? Math.max(now, known.checked + 1) : now;
  if (known.digest === digest) return { ...known, checked };
  return {
    digest,
    mediaType,
    size,
    firstSeen: known.firstSeen,
    changed: now,
    checked,
    history: isGone(known) ? known.history : withFormer(known, now),
  };
}

/**
 * The record of a tag that the upstream refuses, first seen at `now` (ms since 1970): when the
 * upstream fails next, the image must not go out as the tag's. The manifest stays, so that the tag
 * is back with the next confirmation: registries have answered 404 by mistake.
 */
export function goneRecord(known: TagRecord, now: number): TagRecord {
  // Also when the clock was set back it is a later word than the known one.
  const checked = Math.max(now, known.checked);
  return { ...known, checked, history: withFormer(known, checked) };
}

/** True when the upstream's last word was that the tag is not there, or not for us. */
export function isGone({ digest, checked, history }: TagRecord): boolean {
  const [last] = history;
  return last?.digest === digest && last.until === checked;
}

function withFormer({ digest, history }: TagRecord, until: number): TagRecord['history'] {
  return [{ digest, until }, ...history].slice(0, longestHistory);
}
