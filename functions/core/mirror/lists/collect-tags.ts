import { withTimeout } from '../../concurrency/timeout.ts';
import type { PageRequest } from '../../oci/page.ts';
import type { TagPageStart } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Unobtained } from '../../sources/unobtained.ts';
import type { Context } from '../context.ts';
import {
  append,
  isEnough,
  isKept,
  reaches,
  type TagSegment,
  tagPages,
  tagsBytes,
} from './tag-pages.ts';

/** How long tags are collected for a client that sets no limit, in ms; then it gets a first page. */
const collectTime = 5_000;

/** How long a client waits for a list that has to be read to its end, in ms. */
const patience = 20_000;

/**
 * Collects the tags for a client's page from the upstream, beginning with those of `known` if they reach
 * the page. It reads no more pages than it needs, unless the upstream's list is not in order, or does not
 * begin after the tag that the client had last: then only the whole list can be sorted. Rejects with an
 * UpstreamError.
 */
export async function collectTags(
  context: Context,
  source: Source,
  request: PageRequest,
  known: TagSegment | undefined,
): Promise<TagSegment | Unobtained> {
  const isKnown = known?.next !== undefined && reaches(known, request.last);
  const begun: TagSegment = isKnown
    ? known
    : { after: request.last, tags: [], checked: context.runtime.now() };
  const segment = await extend(context, source, request, begun);
  if (segment === undefined) return wholeList(context, source);
  if ('kind' in segment) return segment;
  await keep(context, source, segment);
  return segment;
}

/** Undefined if the pages are not in order. */
async function extend(
  context: Context,
  source: Source,
  request: PageRequest,
  begun: TagSegment,
): Promise<TagSegment | Unobtained | undefined> {
  const { runtime } = context;
  const { after, checked } = begun;
  const tags = [...begun.tags];
  let next: string | undefined;
  const deadline = runtime.now() + collectTime;
  const start: TagPageStart =
    begun.next === undefined ? (after === undefined ? {} : { last: after }) : { next: begun.next };
  try {
    for await (const page of tagPages(source, start, 'of-a-part')) {
      if (page.kind !== 'found') return page;
      if (!append(tags, after, page.tags)) return undefined;
      next = page.next;
      const isLate = request.limit === undefined && runtime.now() >= deadline;
      if (tags.length > 0 && (isLate || isEnough({ tags, next }, request))) break;
    }
  } catch (error) {
    if (isRefusedStart(error, start)) return undefined;
    throw error;
  }
  // Some registries do not know `last`, and end the list there.
  return tags.length === 0 && after !== undefined ? undefined : { after, tags, next, checked };
}

/** True for a 4xx other than 429: the registry does not know `last`, or its link has expired. */
function isRefusedStart(error: unknown, start: TagPageStart): boolean {
  if (!(error instanceof UpstreamError) || error.kind !== 'unavailable') return false;
  const { status = 0 } = error;
  return Object.keys(start).length > 0 && status >= 400 && status < 500;
}

/** Reads the whole list and sorts it. Concurrent callers share it, and it continues without them. */
async function wholeList(context: Context, source: Source): Promise<TagSegment | Unobtained> {
  const list = await withTimeout(
    patience,
    context.flights.tagLists.run(source.key, async () => {
      const checked = context.runtime.now();
      const tags = new Set<string>();
      for await (const page of tagPages(source, {}, 'of-all')) {
        if (page.kind !== 'found') return page;
        for (const tag of page.tags) tags.add(tag);
      }
      const whole = { tags: [...tags].sort(), checked };
      await keep(context, source, whole);
      return whole;
    }),
  );
  if (list !== undefined) return list;
  const seconds = patience / 1000;
  throw new UpstreamError(
    'timeout',
    `${source.key}: the list of tags takes more than ${seconds} s`,
  );
}

/** Keeps a whole list in memory and in the index, and a part of it in memory until it is out of date. */
async function keep(context: Context, source: Source, segment: TagSegment): Promise<void> {
  const { key, policy } = source;
  const { after, tags, next, checked } = segment;
  const weight = tagsBytes(tags);
  if (after === undefined && next === undefined) {
    if (!isKept(tags)) return;
    const list = { tags, checked };
    const known = context.memory.tagLists.get(key);
    context.memory.tagLists.set(key, list, Number.POSITIVE_INFINITY, weight);
    // Clients may ask for any repository, and some registries answer for all of them.
    const isNews = tags.length > 0 || known === undefined || known.tags.length > 0;
    if (isNews) await context.manifests.putTagList(source.repository, list);
    return;
  }
  const left = policy.tagTtl - (context.runtime.now() - checked);
  context.memory.tagSegments.set(key, segment, left, weight);
}
