import type { Digest } from '../../oci/digest.ts';
import { type Manifest, type ManifestContents, readManifest } from '../../oci/manifest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances, type Look, writePatiently } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { enqueueFills } from '../enqueue-fills.ts';
import type { FetchedManifest } from '../flights.ts';
import type { KnownManifest } from '../memory.ts';
import type { ManifestOutcome } from '../outcome.ts';
import { foundManifest, lookForManifest, manifestKey, rememberManifest } from './known-manifest.ts';

/**
 * Brings a manifest that this repository does not have yet. All who want it at the same moment
 * share one GET, and a manifest that another repository of the registry already brought costs none:
 * the upstream only has to confirm by HEAD that this repository has it too. No registry can confirm
 * what another one sent. Rejects with an UpstreamError.
 */
export function fetchManifest(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<FetchedManifest> {
  const key = manifestKey(source.repository, digest);
  const look: Look<FetchedManifest> = async (consistency) => {
    const known = await lookForManifest(context, source.repository, digest, consistency);
    return known === undefined || known === 'busy' ? known : { kind: 'found', known };
  };
  return context.flights.manifests.run(key, () =>
    acrossInstances(context, `manifest:${key}`, look, () =>
      bringFromUpstream(context, source, digest),
    ),
  );
}

async function bringFromUpstream(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<FetchedManifest> {
  const { registry } = source.repository;
  const elsewhere = await context.manifests.findManifest(digest, registry);
  const reference = { kind: 'digest', digest } as const;
  if (elsewhere !== undefined) {
    const head = await source.headManifest(reference);
    if (head.kind === 'found') {
      return { kind: 'found', known: await adoptManifest(context, source.repository, elsewhere) };
    }
    if (head.kind !== 'unsupported') return head;
  }
  return pullManifest(context, source, reference);
}

/** GETs a manifest from the upstream: the one thing that upstreams count as a pull. */
export async function pullManifest(
  context: Context,
  source: Source,
  reference: Reference,
): Promise<FetchedManifest> {
  context.ledger.count({ pullsMade: 1 });
  const got = await source.getManifest(reference);
  if (got.kind !== 'found') return got;
  return { kind: 'found', known: await adoptManifest(context, source.repository, got.manifest) };
}

/**
 * Makes a verified manifest one of this repository's and queues the fill of its blobs, so that the
 * fill overlaps the client's own pull. Both are done before the client is answered: on a platform
 * that stops after the answer nothing may be left undone.
 */
async function adoptManifest(
  context: Context,
  repository: Repository,
  manifest: Manifest,
): Promise<KnownManifest> {
  const contents = readManifest(manifest);
  const known = rememberManifest(context, repository, manifest, contents);
  const pulled = context.runtime.now();
  await writePatiently(context, () =>
    context.attempt.manifests.putManifest(repository, manifest, contents, pulled),
  );
  context.memory.incomplete.arrived();
  await queueFills(context, repository, manifest.digest, contents);
  return known;
}

async function queueFills(
  context: Context,
  repository: Repository,
  manifest: Digest,
  contents: ManifestContents | undefined,
): Promise<void> {
  const blobs = (contents?.blobs ?? []).filter(
    (blob) => blob.urls === undefined && blob.size <= context.limits.maxBlobBytes,
  );
  const jobs = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()].map(
    ({ digest, size, mediaType }) => ({
      repository,
      blob: { digest, size, mediaType },
      manifest,
    }),
  );
  if (jobs.length > 0) await enqueueFills(context, jobs);
}

/** Answers with a manifest that has to be fetched first. Rejects with an UpstreamError. */
export async function bringManifest(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<ManifestOutcome> {
  const before = source.upstreamCalls;
  const fetched = await fetchManifest(context, source, digest);
  if (fetched.kind !== 'found') return fetched;
  // Whoever shared another's GET avoided one: only the request that sent it counts as a miss.
  const paid = source.upstreamCalls > before;
  return foundManifest(fetched.known, paid ? { kind: 'miss' } : { kind: 'hit', ttl: undefined });
}
