import type { Digest } from '../../oci/digest.ts';
import { type Manifest, readManifest } from '../../oci/manifest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Repository } from '../../oci/repository.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import {
  type Answered,
  acrossInstances,
  type ReadResult,
  writeWithRetry,
} from '../across-instances.ts';
import type { Context } from '../context.ts';
import { enqueueFills } from '../enqueue-fills.ts';
import type { FetchedManifest } from '../flights.ts';
import type { CachedManifest } from '../memory.ts';
import type { ManifestOutcome } from '../mirror.ts';
import { whyChildLacks } from './completeness.ts';
import {
  cacheManifest,
  cachePulled,
  manifestKey,
  manifestOutcome,
  tryGetManifest,
} from './manifest-cache.ts';
import { isNamedDigest } from './named-digest.ts';

/**
 * Fetches a manifest that this repository does not have yet. Concurrent callers share one GET. If
 * another repository of the registry has it, the upstream only confirms by HEAD that this one has it
 * too; another registry's copy is never used. The alternates are asked for a digest that the upstream
 * named: `isNamed` if it just did. Rejects with an UpstreamError.
 */
export function fetchManifest(
  context: Context,
  source: Source,
  digest: Digest,
  isNamed = false,
): Promise<FetchedManifest> {
  const key = manifestKey(source.repository, digest);
  const readResult: ReadResult<FetchedManifest> = async (consistency) => {
    const cached = await tryGetManifest(context, source.repository, digest, consistency);
    return cached === undefined || cached === 'busy' ? cached : { kind: 'found', cached };
  };
  return context.flights.manifests.run(key, () =>
    acrossInstances(context, `manifest:${key}`, readResult, (answered) =>
      fetchFromUpstream(context, source, digest, isNamed, answered),
    ),
  );
}

async function fetchFromUpstream(
  context: Context,
  source: Source,
  digest: Digest,
  isNamed: boolean,
  answered: Answered,
): Promise<FetchedManifest> {
  const { registry } = source.repository;
  const copy = await context.manifests.findManifest(digest, registry);
  const reference = { kind: 'digest', digest } as const;
  if (copy !== undefined) {
    const head = await source.headManifest(reference);
    if (head.kind === 'found') {
      answered();
      return { kind: 'found', cached: await storeManifest(context, source.repository, copy) };
    }
    // An upstream that is a cache itself may know more by GET.
    const mayKnowMore = head.kind === 'absent' && !source.isWellKnown;
    if (head.kind !== 'unsupported' && !mayKnowMore) return head;
  }
  const named = async () => isNamed || isNamedDigest(context, source, digest);
  return pullManifest(context, source, reference, answered, named);
}

/** GETs a manifest from the upstream, which is what upstreams count as a pull. */
export async function pullManifest(
  context: Context,
  source: Source,
  reference: Reference,
  answered?: Answered,
  isNamed?: () => Promise<boolean>,
): Promise<FetchedManifest> {
  const fetched = await source.getManifest(reference, isNamed).catch((error: unknown) => {
    const isUnsent = error instanceof UpstreamError && error.isUnsent;
    if (!isUnsent) context.ledger.count({ pullsMade: 1 });
    throw error;
  });
  context.ledger.count({ pullsMade: 1 });
  answered?.();
  if (fetched.kind !== 'found') return fetched;
  const cached = await storeManifest(context, source.repository, fetched.manifest);
  return { kind: 'found', cached };
}

/**
 * Stores a verified manifest and queues the fill of its blobs, so that the fill overlaps the client's
 * own pull. It waits for both, because some platforms stop after the answer.
 */
export async function storeManifest(
  context: Context,
  repository: Repository,
  manifest: Manifest,
): Promise<CachedManifest> {
  const contents = readManifest(manifest);
  const cached = cacheManifest(context, repository, manifest, contents);
  const pulled = context.runtime.now();
  await writeWithRetry(context, async () => {
    const put = await context.attempt.manifests.putManifest(repository, manifest, contents, pulled);
    // The put marks it as pulled, so the request that caused it need not.
    if (put === undefined) cachePulled(context, repository, manifest.digest, pulled);
    return put;
  });
  context.memory.incomplete.arrived();
  // No real image has so many blobs, and the queue is shared.
  const prefetched = contents?.hasMore ? [] : (contents?.blobs ?? []);
  const jobs = prefetched
    .filter(({ urls, size }) => urls === undefined && size <= context.limits.maxBlobBytes)
    .map(({ digest, size, mediaType }) => ({
      repository,
      blob: { digest, size, mediaType },
      manifest: manifest.digest,
    }));
  await enqueueFills(context, jobs);
  return cached;
}

/** Serves a manifest that must be fetched first. Rejects with an UpstreamError. */
export async function serveFetchedManifest(
  context: Context,
  source: Source,
  digest: Digest,
  isNamed = false,
): Promise<ManifestOutcome> {
  const callsBefore = source.upstreamCalls;
  const fetched = await source.follow(fetchManifest(context, source, digest, isNamed));
  if (fetched.kind !== 'found') return fetched;
  const failure = await whyChildLacks(context, source, fetched.cached);
  if (failure !== undefined) return { kind: 'unobtainable', error: failure };
  // Only the request that sent the GET counts as a miss: the others avoided one.
  const isMiss = source.upstreamCalls > callsBefore;
  return manifestOutcome(
    fetched.cached,
    isMiss ? { kind: 'miss' } : { kind: 'hit', ttl: undefined },
  );
}
