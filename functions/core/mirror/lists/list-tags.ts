import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { TagList } from '../../ports/manifest-store.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import { askUpstream } from '../../sources/ask-source.ts';
import type { Parts } from '../context.ts';
import type { TagsOutcome, Unobtained } from '../outcome.ts';
import { keptList } from './kept-list.ts';

/** The upstream's list of tags, asked for again when it is out of date. */
export async function listTags(
  parts: Parts,
  repository: Repository,
  calls: CallCount,
): Promise<TagsOutcome> {
  const key = repositoryKey(repository);
  const known =
    parts.memory.tagLists.get(key) ??
    (await goOnWithout(parts, 'read tag list', parts.manifests.getTagList(repository)));
  const outcome = await keptList(parts, repository, {
    known,
    fetch: () => parts.flights.tagLists.run(key, () => fetchTags(parts, repository, calls)),
    async standIn(stale) {
      const list = stale ?? (await tagsSeen(parts, repository));
      return list?.tags.length === 0 ? undefined : list;
    },
  });
  if (outcome.kind !== 'found') return outcome;
  return { kind: 'found', tags: outcome.list.tags, provenance: outcome.provenance };
}

async function fetchTags(
  parts: Parts,
  repository: Repository,
  calls: CallCount,
): Promise<TagList | Unobtained> {
  const listing = await askUpstream(parts, repository, (upstream, name) =>
    upstream.listTags(name, calls),
  );
  if (listing.kind !== 'found') return listing;
  const list = { tags: listing.tags, checked: parts.runtime.now() };
  const weight = list.tags.length + 1;
  parts.memory.tagLists.set(repositoryKey(repository), list, Number.POSITIVE_INFINITY, weight);
  await goOnWithout(parts, 'write tag list', parts.manifests.putTagList(repository, list));
  return list;
}

/** The tags that were pulled through this mirror: better than none while the upstream is down. */
async function tagsSeen(parts: Parts, repository: Repository): Promise<TagList | undefined> {
  const all = { limit: undefined, last: undefined };
  const page = await goOnWithout(parts, 'list tags', parts.manifests.listTags(repository, all));
  return page && { tags: page.entries, checked: 0 };
}
