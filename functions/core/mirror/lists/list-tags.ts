import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { TagList } from '../../ports/manifest-store.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { askUpstream, asUpstreamError } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import type { TagsOutcome, Unobtained } from '../outcome.ts';
import { type Parts, upstreamOf } from '../parts.ts';

/** The upstream's list of tags, asked for again when it is out of date. */
export async function listTags(
  parts: Parts,
  repository: Repository,
  calls: CallCount,
): Promise<TagsOutcome> {
  const key = repositoryKey(repository);
  const { policy } = upstreamOf(parts, repository);
  const known =
    parts.memory.tagLists.get(key) ??
    (await goOnWithout(parts, 'read tag list', parts.manifests.getTagList(repository)));
  const age = known === undefined ? 0 : parts.runtime.now() - known.checked;
  if (known !== undefined && age >= 0 && age < policy.tagTtl) {
    const ttl = Math.ceil((policy.tagTtl - age) / 1000);
    return { kind: 'found', tags: known.tags, provenance: { kind: 'hit', ttl } };
  }
  try {
    const list = await parts.flights.tagLists.run(key, () => fetchTags(parts, repository, calls));
    if ('kind' in list) return list;
    return { kind: 'found', tags: list.tags, provenance: { kind: 'miss' } };
  } catch (error) {
    const failure = asUpstreamError(error, repository.registry);
    const isUsable = known !== undefined && age <= policy.maxStale;
    const tags = isUsable ? known.tags : await tagsSeen(parts, repository);
    if (tags.length === 0) return { kind: 'unobtainable', error: failure };
    const reason = failure.message;
    return {
      kind: 'found',
      tags,
      provenance: { kind: 'stale', age: Math.floor(age / 1000), reason },
    };
  }
}

async function fetchTags(
  parts: Parts,
  repository: Repository,
  calls: CallCount,
): Promise<TagList | Unobtained> {
  const mirrored = upstreamOf(parts, repository);
  const listing = await askUpstream(mirrored, () =>
    mirrored.upstream.listTags(repository.name, calls),
  );
  if (listing.kind !== 'found') return listing;
  const list = { tags: listing.tags, checked: parts.runtime.now() };
  const weight = list.tags.length + 1;
  parts.memory.tagLists.set(repositoryKey(repository), list, Number.POSITIVE_INFINITY, weight);
  await goOnWithout(parts, 'write tag list', parts.manifests.putTagList(repository, list));
  return list;
}

/** The tags that were pulled through this mirror: better than none while the upstream is down. */
async function tagsSeen(parts: Parts, repository: Repository): Promise<readonly string[]> {
  const all = { limit: undefined, last: undefined };
  const page = await goOnWithout(parts, 'list tags', parts.manifests.listTags(repository, all));
  return page?.entries ?? [];
}
