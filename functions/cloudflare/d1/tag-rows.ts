import { safeType } from '../../core/oci/media-type.ts';
import { repositoryOf } from '../../core/oci/repository.ts';
import type { GoneTag, TagRecord } from '../../core/ports/manifest-store.ts';

/** A tag's row. `history` is JSON. */
export interface TagRow extends Omit<TagRecord, 'history' | 'refusal'> {
  readonly history: string;
  readonly refusedSince: number | null;
  /** The same, once the refusal is confirmed. */
  readonly goneSince: number | null;
}

/** The values of a tag's columns, in the order of `tagColumns`. */
export function tagValues(record: TagRecord): (string | number | null)[] {
  const { digest, mediaType, size, firstSeen, changed, checked, refusal } = record;
  const since = refusal?.since ?? null;
  const history = JSON.stringify(record.history);
  const goneSince = refusal?.isConfirmed ? since : null;
  return [digest, mediaType, size, firstSeen, changed, checked, history, since, goneSince];
}

/** A tag's record from its row. */
export function readTag({ refusedSince, goneSince, ...row }: TagRow): TagRecord {
  return {
    ...row,
    mediaType: safeType(row.mediaType),
    history: JSON.parse(row.history),
    ...(refusedSince !== null && {
      refusal: { since: refusedSince, isConfirmed: goneSince !== null },
    }),
  };
}

/** A row of a list of gone tags. */
export type GoneRow = Omit<GoneTag, 'repository'> & { readonly repository: string };

export function readGone(row: GoneRow): GoneTag {
  return { ...row, repository: repositoryOf(row.repository) };
}
