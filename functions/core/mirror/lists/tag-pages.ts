import type { PageRequest } from '../../oci/page.ts';
import { type Page, pageOf } from '../../oci/page.ts';
import type { TagList } from '../../ports/manifest-store.ts';
import type { TagPage, TagPageStart } from '../../ports/upstream.ts';
import { invalidAnswer } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';

/** Consecutive tags of an upstream's list, in the order of code units. */
export interface TagSegment extends TagList {
  /** The tag before the first of them; undefined: there is none. */
  readonly after?: string | undefined;
  /** Where the upstream's next page is; undefined: there is none. */
  readonly next?: string | undefined;
}

/**
 * Registries choose the size of their pages, so these limit what a list costs that is read to its end.
 * Each further request reads it again, from memory or from the index.
 */
const maxTags = 200_000;
const maxCharacters = 8 * 1024 * 1024;
const maxPages = 10_000;

/** A registry may filter its pages, but not for ever. */
const maxEmptyPages = 20;

/**
 * Reads an upstream's list of tags page by page. Rejects with an UpstreamError, `invalid` for a list
 * beyond the limits. A reader that stops in time may get one page that is longer than they allow, but a
 * reader of the whole list may not: it sorts all of it.
 */
export async function* tagPages(
  source: Source,
  start: TagPageStart,
  reader: 'of-a-part' | 'of-all',
): AsyncGenerator<TagPage> {
  let tags = 0;
  let characters = 0;
  let emptyPages = 0;
  let from: TagPageStart | undefined = start;
  for (let count = 1; from !== undefined; count++) {
    const page: TagPage = await source.listTags(from);
    if (page.kind === 'found') {
      tags += page.tags.length;
      for (const tag of page.tags) characters += tag.length;
      emptyPages = page.tags.length === 0 ? emptyPages + 1 : 0;
    }
    const isTooLong =
      tags > maxTags ||
      characters > maxCharacters ||
      emptyPages > maxEmptyPages ||
      count > maxPages;
    const error = invalidAnswer(`${source.key}: tags`, 'a list without end');
    if (isTooLong && reader === 'of-all') throw error;
    yield page;
    const next = page.kind === 'found' ? page.next : undefined;
    if (isTooLong && next !== undefined) throw error;
    from = next === undefined ? undefined : { next };
  }
}

/** Appends a page to tags that begin after `after`; false if its tags are not in order. */
export function append(
  tags: string[],
  after: string | undefined,
  page: readonly string[],
): boolean {
  let last = tags.at(-1) ?? after;
  for (const tag of page) {
    // Some registries repeat the last tag of a page.
    if (tag === last && tags.length > 0) continue;
    if (last !== undefined && tag <= last) return false;
    tags.push(tag);
    last = tag;
  }
  return true;
}

/** True if the tag that follows `last` is one of a segment, or comes right after it. */
export function reaches({ after, tags, next }: TagSegment, last: string | undefined): boolean {
  if (after !== undefined && (last === undefined || last < after)) return false;
  return last === undefined || next === undefined || last <= (tags.at(-1) ?? '');
}

/** A client's page has about so many characters at most, however large its `n` is. */
const pageCharacters = 2 * 1024 * 1024;

/** True if a client's page needs no more of the upstream's pages. */
export function isEnough(
  { tags, next }: Pick<TagSegment, 'tags' | 'next'>,
  { limit, last }: PageRequest,
): boolean {
  if (next === undefined) return true;
  const skipped = last === undefined ? 0 : tags.findLastIndex((tag) => tag <= last) + 1;
  if (limit !== undefined && tags.length - skipped >= limit) return true;
  let characters = 0;
  for (let at = skipped; at < tags.length; at++) characters += tags[at]?.length ?? 0;
  return characters >= pageCharacters;
}

/** Cuts a client's page out of a segment. */
export function pageOfSegment(segment: TagSegment, request: PageRequest): Page<string> {
  const { entries, next } = pageOf(segment.tags, request);
  const isLast = next !== undefined || segment.next === undefined || request.limit === 0;
  return { entries, next: isLast ? next : entries.at(-1) };
}

/** True for a whole list that is kept, in memory and in the index. */
export function isKept(tags: readonly string[]): boolean {
  return tagsBytes(tags) <= maxCharacters + maxTags * tagBytes;
}

/** The heap size of a tag without its characters, in bytes. */
const tagBytes = 32;

/** About how many bytes tags take in memory. */
export function tagsBytes(tags: readonly string[]): number {
  let bytes = tagBytes;
  for (const { length } of tags) bytes += tagBytes + length;
  return bytes;
}
