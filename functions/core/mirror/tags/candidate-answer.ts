import type { TagRecord } from '../../ports/manifest-store.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { whyUnservable } from '../manifests/completeness.ts';
import { serveFetchedManifest } from '../manifests/fetch-manifest.ts';
import { getManifest, manifestOutcome } from '../manifests/manifest-cache.ts';
import { noteChildren } from '../manifests/named-digest.ts';
import type { ManifestOutcome, Method, Provenance } from '../mirror.ts';
import type { Candidate, Candidates } from './candidate.ts';
import { type CandidatesOf, heldOutcome, withPolicy } from './candidates.ts';
import { lastImage } from './last-image.ts';
import { isObtainable } from './obtainable.ts';
import { mayOutlive, refusalOf } from './tag-record.ts';

/** Serves the first of these images that can be had; what is not stored is fetched. */
export async function serveFirst(
  context: Context,
  source: Source,
  { images, held }: Candidates,
  method: Method,
  provenance: Provenance,
): Promise<ManifestOutcome> {
  let failure: ManifestOutcome | undefined;
  for (const image of images) {
    const isLast = image === images.at(-1) && held === undefined;
    // An image that its upstream dropped must not be preferred to one that can be had.
    if (!isLast && !(await isObtainable(context, source, image.digest))) continue;
    const outcome = await serveImage(context, source, image, method, provenance);
    if (outcome.kind === 'found') return withPolicy(outcome, image.policy);
    failure = outcome;
  }
  if (held !== undefined) return heldOutcome(held);
  return failure ?? { kind: 'absent' };
}

/** Serves a manifest, and fetches it first if it is missing. */
async function serveImage(
  context: Context,
  source: Source,
  { digest, mediaType, size }: Candidate,
  method: Method,
  provenance: Provenance,
): Promise<ManifestOutcome> {
  const cached = await getManifest(context, source.repository, digest, 'eventual');
  if (cached !== undefined) {
    noteChildren(context, source, cached);
    const failure = await whyUnservable(context, source, cached);
    if (failure !== undefined) return { kind: 'unobtainable', error: failure };
    return manifestOutcome(cached, provenance);
  }
  if (method === 'HEAD' && mediaType !== '') {
    return { kind: 'found', digest, mediaType, size, bytes: undefined, provenance };
  }
  try {
    return await serveFetchedManifest(context, source, digest, true);
  } catch (error) {
    return source.unobtainable(error);
  }
}

/**
 * Serves the last known image of a tag, if it is complete and may still be served. Without an `error`,
 * the upstream refused the tag.
 */
export async function serveLast(
  context: Context,
  source: Source,
  candidatesOf: CandidatesOf,
  record: TagRecord | undefined,
  error?: UpstreamError,
): Promise<ManifestOutcome | undefined> {
  const now = context.runtime.now();
  if (record === undefined || !mayOutlive(record, source.policy, now)) return undefined;
  const { images, held } = candidatesOf(record);
  const refusal = refusalOf(record);
  for (const image of images) {
    const cached = await lastImage(context, source, image);
    if (cached === undefined) continue;
    if (refusal?.isConfirmed) {
      const kept = manifestOutcome(cached, { kind: 'kept', since: refusal.since });
      return withPolicy(kept, image.policy);
    }
    const age = Math.max(0, Math.floor((now - record.checked) / 1000));
    const reason = error?.message ?? `${source.repository.registry} refuses it, to be confirmed`;
    return withPolicy(manifestOutcome(cached, { kind: 'stale', age, reason }), image.policy);
  }
  return held === undefined ? undefined : heldOutcome(held);
}
