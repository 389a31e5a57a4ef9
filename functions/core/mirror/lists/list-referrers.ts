import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { readReferrers, referrersTag } from '../../oci/referrers-index.ts';
import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import { askUpstream } from '../../sources/ask-source.ts';
import type { FetchedReferrers, Parts } from '../context.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import type { ReferrersOutcome, Unobtained } from '../outcome.ts';
import { resolveTag } from '../tags/resolve-tag.ts';
import { keptList } from './list-tags.ts';

/**
 * What refers to a manifest (signatures, SBOMs): the upstream's API, or its fallback tag. A list is
 * found only when the upstream was asked, now or before: clients take an empty list as final.
 */
export async function listReferrers(
  parts: Parts,
  repository: Repository,
  subject: Digest,
  calls: CallCount,
): Promise<ReferrersOutcome> {
  const key = manifestKey(repository, subject);
  const known =
    parts.memory.referrers.get(key) ??
    (await goOnWithout(parts, 'read referrers', parts.manifests.getReferrers(repository, subject)));
  const outcome = await keptList(parts, repository, {
    known,
    fetch: () =>
      parts.flights.referrers.run(key, () => fetchReferrers(parts, repository, subject, calls)),
    standIn: async (stale) => stale,
  });
  if (outcome.kind !== 'found') return outcome;
  return { kind: 'found', manifests: outcome.list.manifests, provenance: outcome.provenance };
}

async function fetchReferrers(
  parts: Parts,
  repository: Repository,
  subject: Digest,
  calls: CallCount,
): Promise<FetchedReferrers | Unobtained> {
  const listing = await askUpstream(parts, repository, (upstream, name) =>
    upstream.listReferrers(name, subject, calls),
  );
  const list =
    listing.kind === 'found'
      ? { manifests: listing.manifests, checked: parts.runtime.now() }
      : await fallbackReferrers(parts, repository, subject, calls);
  // What a stale tag says is no newer than the list that is known.
  if ('kind' in list || list.provenance !== undefined) return list;
  const key = manifestKey(repository, subject);
  const weight = descriptorsBytes(list.manifests);
  parts.memory.referrers.set(key, list, Number.POSITIVE_INFINITY, weight);
  await goOnWithout(
    parts,
    'write referrers',
    parts.manifests.putReferrers(repository, subject, list),
  );
  return list;
}

/**
 * distribution-spec §Referrers tag schema: no such tag means that nothing refers to the subject.
 * Rejects with an UpstreamError when the tag is not to be had, so that the last list is served.
 */
async function fallbackReferrers(
  parts: Parts,
  repository: Repository,
  subject: Digest,
  calls: CallCount,
): Promise<FetchedReferrers | Unobtained> {
  const index = await resolveTag(parts, repository, referrersTag(subject), 'GET', calls);
  const checked = parts.runtime.now();
  if (index.kind === 'absent') return { manifests: [], checked };
  if (index.kind === 'unobtainable') throw index.error;
  if (index.kind !== 'found') return index;
  const manifests = (index.bytes && readReferrers(index.bytes)) ?? [];
  const { provenance } = index;
  return { manifests, checked, ...(provenance.kind === 'stale' && { provenance }) };
}

/** What an object with a digest takes, in bytes. */
const descriptorBytes = 300;

/** What a key and its value take besides their letters, in bytes. */
const entryBytes = 100;

/** About what descriptors take in memory at most, in bytes: two for a letter. */
function descriptorsBytes(descriptors: readonly Descriptor[]): number {
  let bytes = 0;
  for (const { mediaType, artifactType = '', annotations = {}, urls = [] } of descriptors) {
    const texts = [mediaType, artifactType, ...urls];
    for (const [name, value] of Object.entries(annotations)) texts.push(name, value);
    bytes += descriptorBytes + texts.length * entryBytes;
    for (const text of texts) bytes += text.length * 2;
  }
  return bytes;
}
