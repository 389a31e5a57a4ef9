import { cursor, type Page, type PageRequest } from '../oci/page.ts';
import { type Repository, repositoryKey } from '../oci/repository.ts';
import type { GoneTag, TagRecord } from './manifest-store.ts';

/** A tag that is gone according to its record; undefined for any other. */
export function goneTag(
  repository: Repository,
  tag: string,
  { digest, refusal }: TagRecord,
): GoneTag | undefined {
  return refusal?.isConfirmed ? { repository, tag, digest, since: refusal.since } : undefined;
}

/** The repository and the tag of a page's `last`; a list continues after them. */
export function goneCursor(last = ''): { readonly repository: string; readonly tag: string } {
  const text = cursor(last);
  const colon = text.lastIndexOf(':');
  // The colon of a port comes before a slash.
  if (colon <= text.indexOf('/')) return { repository: text, tag: '' };
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** The page of the rows that a store read for it: `rowsOfPage`, in order. */
export function pageOfGone(rows: readonly GoneTag[], { limit }: PageRequest): Page<GoneTag> {
  const entries = limit === undefined ? rows : rows.slice(0, limit);
  const last = entries.at(-1);
  const hasNext = entries.length < rows.length && last !== undefined;
  return {
    entries,
    next: hasNext ? `${repositoryKey(last.repository)}:${last.tag}` : undefined,
  };
}
