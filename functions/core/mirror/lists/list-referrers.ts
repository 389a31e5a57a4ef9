import type { Digest } from '../../oci/digest.ts';
import { readReferrers, referrersTag } from '../../oci/referrers.ts';
import type { Repository } from '../../oci/repository.ts';
import type { ReferrersList } from '../../ports/manifest-store.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { askUpstream } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import { resolveTag } from '../manifests/resolve-tag.ts';
import type { ReferrersOutcome, Unobtained } from '../outcome.ts';
import { type Parts, upstreamOf } from '../parts.ts';
import { keptList } from './kept-list.ts';

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
): Promise<ReferrersList | Unobtained> {
  const mirrored = upstreamOf(parts, repository);
  const listing = await askUpstream(mirrored, () =>
    mirrored.upstream.listReferrers(repository.name, subject, calls),
  );
  const manifests =
    listing.kind === 'found'
      ? listing.manifests
      : await fallbackReferrers(parts, repository, subject, calls);
  if ('kind' in manifests) return manifests;
  const list = { manifests, checked: parts.runtime.now() };
  parts.memory.referrers.set(manifestKey(repository, subject), list);
  await goOnWithout(
    parts,
    'write referrers',
    parts.manifests.putReferrers(repository, subject, list),
  );
  return list;
}

/** distribution-spec §Referrers tag schema: no such tag means that nothing refers to the subject. */
async function fallbackReferrers(
  parts: Parts,
  repository: Repository,
  subject: Digest,
  calls: CallCount,
) {
  const index = await resolveTag(parts, repository, referrersTag(subject), 'GET', calls);
  if (index.kind === 'absent') return [];
  if (index.kind !== 'found') return index;
  return (index.bytes && readReferrers(index.bytes)) ?? [];
}
