import type { TagRecord } from '../../ports/manifest-store.ts';

const longestHistory = 20;

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
  // With the time of its deletion, the tag would still count as deleted.
  const checked = isDeleted(known) ? Math.max(now, known.checked + 1) : now;
  if (known.digest === digest) return { ...known, checked };
  return {
    digest,
    mediaType,
    size,
    firstSeen: known.firstSeen,
    changed: now,
    checked,
    history: isDeleted(known) ? known.history : withFormer(known, now),
  };
}

/**
 * The record of a tag that the upstream refuses, first seen at `now` (ms since 1970): the image must
 * not be served for the tag when the upstream fails next. The manifest stays, so that the next
 * confirmation brings the tag back: registries have answered 404 by mistake.
 */
export function deletedRecord(known: TagRecord, now: number): TagRecord {
  // It must be newer than the known record, even if the clock was set back.
  const checked = Math.max(now, known.checked);
  return { ...known, checked, history: withFormer(known, checked) };
}

/** True if the upstream last said that the tag does not exist or is denied. */
export function isDeleted({ digest, checked, history }: TagRecord): boolean {
  const [last] = history;
  return last?.digest === digest && last.until === checked;
}

function withFormer({ digest, history }: TagRecord, until: number): TagRecord['history'] {
  return [{ digest, until }, ...history].slice(0, longestHistory);
}
