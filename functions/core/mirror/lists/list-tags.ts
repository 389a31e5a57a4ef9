import { withTimeout } from '../../concurrency/timeout.ts';
import type { PageRequest } from '../../oci/page.ts';
import type { TagList } from '../../ports/manifest-store.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Unobtained } from '../../sources/unobtained.ts';
import { parseDatedTag } from '../../tag-policy/as-of.ts';
import type { Context } from '../context.ts';
import type { Provenance, TagsOutcome } from '../mirror.ts';
import { patience } from '../tags/resolve-latest.ts';
import { collectTags } from './collect-tags.ts';
import { isEnough, pageOfSegment, reaches, type TagSegment, tagsBytes } from './tag-pages.ts';

/** A page of the upstream's tags, refreshed when they are out of date. */
export async function listTags(
  context: Context,
  source: Source,
  request: PageRequest,
): Promise<TagsOutcome> {
  const { key } = source;
  const part = context.memory.tagSegments.get(key);
  const isServable = part !== undefined && reaches(part, request.last) && isEnough(part, request);
  const cached: TagSegment | undefined = isServable
    ? part
    : (context.memory.tagLists.get(key) ?? (await storedList(context, source)));
  const flight = JSON.stringify([key, request.limit, request.last]);
  const outcome = await cachedList<TagSegment>(context, source, {
    cached,
    fetch: () =>
      context.flights.tagPages.run(flight, () => collectTags(context, source, request, part)),
    async fallback(stale) {
      const list = stale ?? (await pulledTags(context, source));
      return list?.tags.length === 0 ? undefined : list;
    },
  });
  if (outcome.kind !== 'found') return outcome;
  const { entries, next } = pageOfSegment(outcome.list, request);
  // A tag with a date cannot be pulled under its own name here.
  const tags = source.policy.asOf ? entries.filter((tag) => !parseDatedTag(tag)) : entries;
  return { kind: 'found', tags, next, provenance: outcome.provenance };
}

/** The last whole list from the index, which is then in memory. */
async function storedList(
  { memory, manifests }: Context,
  { key, repository }: Source,
): Promise<TagList | undefined> {
  const list = await manifests.getTagList(repository);
  if (list !== undefined) {
    memory.tagLists.set(key, list, Number.POSITIVE_INFINITY, tagsBytes(list.tags));
  }
  return list;
}

/** The tags that were pulled through this mirror: better than none while the upstream is down. */
async function pulledTags(context: Context, source: Source): Promise<TagList | undefined> {
  const all = { limit: undefined, last: undefined };
  const page = await context.manifests.listTags(source.repository, all);
  return page && { tags: page.entries, checked: 0 };
}

type ListOutcome<List> =
  | { readonly kind: 'found'; readonly list: List; readonly provenance: Provenance }
  | Unobtained;

interface ListSources<List> {
  /** From memory or the index. */
  readonly cached: List | undefined;
  /** Fetches and stores the upstream's list. `provenance` is set unless it is a fresh answer. */
  fetch(): Promise<(List & { readonly provenance?: Provenance }) | Unobtained>;
  /** What to serve when the upstream fails; `stale` is the cached list, unless it is too old. */
  fallback(stale: List | undefined): Promise<List | undefined>;
}

/** Serves a list of the upstream: cached while it is fresh, else fetched, else stale. */
export async function cachedList<List extends { readonly checked: number }>(
  context: Context,
  source: Source,
  { cached, fetch, fallback }: ListSources<List>,
): Promise<ListOutcome<List>> {
  const { tagTtl, maxStale } = source.policy;
  const age = cached === undefined ? 0 : context.runtime.now() - cached.checked;
  if (cached !== undefined && age >= 0 && age < tagTtl) {
    const ttl = Math.ceil((tagTtl - age) / 1000);
    return { kind: 'found', list: cached, provenance: { kind: 'hit', ttl } };
  }
  const stale = age <= maxStale ? cached : undefined;
  try {
    const list = await fetchPatiently(context, source, fetch, stale !== undefined);
    if ('kind' in list) return list;
    return { kind: 'found', list, provenance: list.provenance ?? { kind: 'miss' } };
  } catch (thrown) {
    const error = source.toUpstreamError(thrown);
    const list = await fallback(stale);
    if (list === undefined) return { kind: 'unobtainable', error };
    const seconds = Math.max(0, Math.floor(age / 1000));
    const provenance = { kind: 'stale', age: seconds, reason: error.message } as const;
    return { kind: 'found', list, provenance };
  }
}

/** A client with a copy does not wait for an upstream that failed just now, or that is slow. */
async function fetchPatiently<Outcome>(
  context: Context,
  source: Source,
  fetch: () => Promise<Outcome>,
  hasCopy: boolean,
): Promise<Outcome> {
  if (!hasCopy) return source.follow(fetch());
  const { recentFailure } = source;
  if (recentFailure !== undefined) throw recentFailure;
  const fetching = source.follow(fetch());
  const inTime = await withTimeout(patience, fetching);
  if (inTime !== undefined) return inTime;
  context.runtime.waitUntil(fetching.catch(() => undefined));
  const { registry } = source.repository;
  throw new UpstreamError('timeout', `${registry} is slow to send the list`);
}
