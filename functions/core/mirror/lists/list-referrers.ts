import type { Referrer } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { readReferrers, referrersTag } from '../../oci/referrers-index.ts';
import type { ReferrersList } from '../../ports/manifest-store.ts';
import type { ReferrersListing } from '../../ports/upstream.ts';
import type { Source } from '../../sources/source.ts';
import type { Unobtained } from '../../sources/unobtained.ts';
import type { Context } from '../context.ts';
import type { FetchedReferrers } from '../flights.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import type { ReferrersOutcome } from '../mirror.ts';
import { resolveTag } from '../tags/resolve-tag.ts';
import { cachedList } from './list-tags.ts';

/**
 * The referrers of a manifest (signatures, SBOMs), from the upstream's API or its fallback tag. A list
 * always comes from the upstream, now or earlier: clients take an empty list as final.
 */
export async function listReferrers(
  context: Context,
  source: Source,
  subject: Digest,
): Promise<ReferrersOutcome> {
  const key = manifestKey(source.repository, subject);
  const cached = context.memory.referrers.get(key) ?? (await storedList(context, source, subject));
  const outcome = await cachedList(context, source, {
    cached,
    fetch: () =>
      context.flights.referrers.run(key, () => fetchReferrers(context, source, subject, cached)),
    fallback: async (stale) => stale,
  });
  if (outcome.kind !== 'found') return outcome;
  const { manifests, annotations } = outcome.list;
  const { provenance } = outcome;
  return { kind: 'found', manifests, ...(annotations && { annotations }), provenance };
}

async function storedList(context: Context, source: Source, subject: Digest) {
  const list = await context.manifests.getReferrers(source.repository, subject);
  if (list !== undefined) keep(context, manifestKey(source.repository, subject), list);
  return list;
}

function keep({ memory }: Context, key: string, list: ReferrersList): void {
  memory.referrers.set(key, list, Number.POSITIVE_INFINITY, descriptorsBytes(list.manifests));
}

async function fetchReferrers(
  context: Context,
  source: Source,
  subject: Digest,
  cached: ReferrersList | undefined,
): Promise<FetchedReferrers | Unobtained> {
  const listing = await source.listReferrers(subject);
  const list = await listOf(context, source, subject, listing);
  // The list of a stale tag must not replace the cached one, which may be newer.
  if ('kind' in list || list.provenance !== undefined) return list;
  keep(context, manifestKey(source.repository, subject), list);
  // Clients may ask for the referrers of any digest.
  const isNews = list.manifests.length > 0 || (cached?.manifests.length ?? 0) > 0;
  if (isNews) await context.manifests.putReferrers(source.repository, subject, list);
  return list;
}

async function listOf(
  context: Context,
  source: Source,
  subject: Digest,
  listing: ReferrersListing,
): Promise<FetchedReferrers | Unobtained> {
  if (listing.kind !== 'found') return fallbackReferrers(context, source, subject);
  const { kind: _, ...referrers } = listing;
  return { ...referrers, checked: context.runtime.now() };
}

/**
 * distribution-spec §Referrers tag schema: without such a tag, there are no referrers. Rejects with an
 * UpstreamError when the tag cannot be had, so that the last list is served.
 */
async function fallbackReferrers(
  context: Context,
  source: Source,
  subject: Digest,
): Promise<FetchedReferrers | Unobtained> {
  const index = await resolveTag(context, source, referrersTag(subject), 'GET');
  const checked = context.runtime.now();
  if (index.kind === 'absent') return { manifests: [], checked };
  if (index.kind === 'unobtainable') throw index.error;
  if (index.kind === 'refused' || index.kind === 'held') return { manifests: [], checked };
  if (index.kind !== 'found') return index;
  const referrers = (index.bytes && readReferrers(index.bytes)) ?? { manifests: [] };
  const { provenance } = index;
  return {
    ...referrers,
    checked,
    ...((provenance.kind === 'stale' || provenance.kind === 'kept') && { provenance }),
  };
}

/** The heap size of a descriptor, and of each of its strings, without their characters. */
const descriptorBytes = 300;
const entryBytes = 100;

/** An upper estimate of descriptors' heap size, with two bytes per character. */
function descriptorsBytes(descriptors: readonly Referrer[]): number {
  let bytes = 0;
  for (const descriptor of descriptors) {
    const { mediaType, artifactType = '', data = '', urls = [] } = descriptor;
    const members = { ...descriptor.annotations, ...descriptor.platform };
    const texts = [mediaType, artifactType, data, urls, Object.entries(members)].flat(3);
    bytes += descriptorBytes + texts.length * entryBytes;
    for (const text of texts) bytes += text.length * 2;
  }
  return bytes;
}
