import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { TagList } from '../../ports/manifest-store.ts';
import type { Source, Unobtained } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import type { Provenance, TagsOutcome } from '../outcome.ts';

/** The upstream's list of tags, asked for again when it is out of date. */
export async function listTags(context: Context, source: Source): Promise<TagsOutcome> {
  const key = repositoryKey(source.repository);
  const known =
    context.memory.tagLists.get(key) ?? (await context.manifests.getTagList(source.repository));
  const outcome = await keptList(context, source, {
    known,
    fetch: () => context.flights.tagLists.run(key, () => fetchTags(context, source)),
    async standIn(stale) {
      const list = stale ?? (await tagsSeen(context, source.repository));
      return list?.tags.length === 0 ? undefined : list;
    },
  });
  if (outcome.kind !== 'found') return outcome;
  return { kind: 'found', tags: outcome.list.tags, provenance: outcome.provenance };
}

async function fetchTags(context: Context, source: Source): Promise<TagList | Unobtained> {
  const listing = await source.listTags();
  if (listing.kind !== 'found') return listing;
  const list = { tags: listing.tags, checked: context.runtime.now() };
  const weight = list.tags.length + 1;
  context.memory.tagLists.set(
    repositoryKey(source.repository),
    list,
    Number.POSITIVE_INFINITY,
    weight,
  );
  await context.manifests.putTagList(source.repository, list);
  return list;
}

/** The tags that were pulled through this mirror: better than none while the upstream is down. */
async function tagsSeen(context: Context, repository: Repository): Promise<TagList | undefined> {
  const all = { limit: undefined, last: undefined };
  const page = await context.manifests.listTags(repository, all);
  return page && { tags: page.entries, checked: 0 };
}

/** A list of an upstream, and how its answer came about. */
type ListOutcome<List> =
  | { readonly kind: 'found'; readonly list: List; readonly provenance: Provenance }
  | Unobtained;

/** Where a list comes from, the best place first. */
interface ListSources<List> {
  /** The list as it was kept, from memory or the index. */
  readonly known: List | undefined;
  /** Asks the upstream, and keeps what it says; with a provenance where that is older than now. */
  fetch(): Promise<(List & { readonly provenance?: Provenance }) | Unobtained>;
  /** What to serve when the upstream fails; `known` is what there is, unless it is too old. */
  standIn(known: List | undefined): Promise<List | undefined>;
}

/** A list of an upstream: the kept one while it is fresh, else the upstream's, else a stale one. */
export async function keptList<List extends { readonly checked: number }>(
  context: Context,
  source: Source,
  sources: ListSources<List>,
): Promise<ListOutcome<List>> {
  const { known } = sources;
  const { policy } = source;
  const age = known === undefined ? 0 : context.runtime.now() - known.checked;
  if (known !== undefined && age >= 0 && age < policy.tagTtl) {
    const ttl = Math.ceil((policy.tagTtl - age) / 1000);
    return { kind: 'found', list: known, provenance: { kind: 'hit', ttl } };
  }
  try {
    const list = await sources.fetch();
    if ('kind' in list) return list;
    return { kind: 'found', list, provenance: list.provenance ?? { kind: 'miss' } };
  } catch (thrown) {
    const error = source.toUpstreamError(thrown);
    const list = await sources.standIn(age <= policy.maxStale ? known : undefined);
    if (list === undefined) return { kind: 'unobtainable', error };
    const reason = error.message;
    const seconds = Math.max(0, Math.floor(age / 1000));
    const provenance = { kind: 'stale', age: seconds, reason } as const;
    return { kind: 'found', list, provenance };
  }
}
