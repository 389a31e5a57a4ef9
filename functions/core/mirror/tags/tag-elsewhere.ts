import type { TagRecord } from '../../ports/manifest-store.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { whyChildLacks, whyUnservable } from '../manifests/completeness.ts';
import { fetchManifest, storeManifest } from '../manifests/fetch-manifest.ts';
import { getManifest, manifestOutcome } from '../manifests/manifest-cache.ts';
import { noteChildren, noteUnseen } from '../manifests/named-digest.ts';
import type { ManifestOutcome } from '../mirror.ts';
import { type CandidatesOf, heldOutcome, withPolicy } from './candidates.ts';
import { mayOutlive, recordOf, refusalOf } from './tag-record.ts';

/**
 * Serves a tag that the upstream does not confirm now, with what alternates have: the last digest that
 * the upstream named, or, if the configuration allows it, what an alternate says of a tag that it never
 * named. Undefined if there is neither. Does not reject.
 */
export async function serveElsewhere(
  context: Context,
  source: Source,
  tag: string,
  candidatesOf: CandidatesOf,
  record: TagRecord | undefined,
  error: UpstreamError,
): Promise<ManifestOutcome | undefined> {
  const { alternates } = source;
  if (alternates === undefined) return undefined;
  try {
    if (record !== undefined) {
      return await serveLastDigest(context, source, candidatesOf, record, error);
    }
    if (!alternates.forUnseenTags) return undefined;
    return await serveUnseen(context, source, tag, candidatesOf, error);
  } catch {
    return undefined;
  }
}

/** The image may be incomplete here: its manifests and blobs come from the alternates. */
async function serveLastDigest(
  context: Context,
  source: Source,
  candidatesOf: CandidatesOf,
  record: TagRecord,
  error: UpstreamError,
): Promise<ManifestOutcome | undefined> {
  const { repository, policy } = source;
  const now = context.runtime.now();
  if (refusalOf(record) !== undefined || !mayOutlive(record, policy, now)) return undefined;
  const { images, held } = candidatesOf(record);
  const [image] = images;
  if (image === undefined) return held && heldOutcome(held);
  const known = await getManifest(context, repository, image.digest);
  let cached = known;
  if (cached === undefined) {
    const fetched = await source.follow(fetchManifest(context, source, image.digest, true));
    if (fetched.kind !== 'found') return undefined;
    cached = fetched.cached;
  } else if ((await whyUnservable(context, source, cached)) !== undefined) return undefined;
  if ((await whyChildLacks(context, source, cached, true)) !== undefined) return undefined;
  noteChildren(context, source, cached);
  const age = Math.max(0, Math.floor((now - record.checked) / 1000));
  const stale = manifestOutcome(cached, { kind: 'stale', age, reason: error.message });
  return withPolicy(stale, image.policy);
}

/** No record is written, so that the upstream is asked again by the next request. */
async function serveUnseen(
  context: Context,
  source: Source,
  tag: string,
  candidatesOf: CandidatesOf,
  error: UpstreamError,
): Promise<ManifestOutcome | undefined> {
  const answer = await context.flights.unseen.run(`${source.key}:${tag}`, async () => {
    const found = await source.alternates?.getTag(tag);
    if (found?.result.kind !== 'found') return undefined;
    const { manifest } = found.result;
    const known = await getManifest(context, source.repository, manifest.digest);
    const cached = known ?? (await storeManifest(context, source.repository, manifest));
    return { cached, registry: found.alternate.registry };
  });
  if (answer === undefined) return undefined;
  const { cached, registry } = answer;
  const { digest, mediaType, bytes } = cached.manifest;
  const found = { kind: 'found', digest, mediaType, size: bytes.byteLength } as const;
  const { images, held } = candidatesOf(recordOf(found, undefined, context.runtime.now()));
  const [image] = images;
  if (image?.digest !== digest) return held && heldOutcome(held);
  noteUnseen(context, source, cached);
  const unseen = manifestOutcome(cached, { kind: 'alternate', registry, reason: error.message });
  return withPolicy(unseen, image.policy);
}
