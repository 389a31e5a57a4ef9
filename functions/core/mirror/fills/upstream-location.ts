import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency } from '../../ports/consistency.ts';
import type { BlobRedirect } from '../../ports/upstream.ts';
import type { Source } from '../../sources/source.ts';
import {
  type Answered,
  acrossInstances,
  type ReadResult,
  writeWithRetry,
} from '../across-instances.ts';
import type { FillContext } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';

/** The location of a blob that exists. */
type Location = Extract<BlobRedirect, { kind: 'redirect' | 'direct' }>;

/** How long an upstream's own redirect is reused, in ms: their URLs are valid for minutes. */
const redirectLife = 60_000;

/** How long an alternate's redirect is reused, in ms: its bytes may turn out to be wrong. */
const alternateLife = 10_000;

/** How long a repository whose upstream serves blobs itself is not asked for a redirect, in ms. */
const directLife = 600_000;

/** How much the clocks of instances may differ, in ms. */
const clockTolerance = 60_000;

/**
 * Where the upstream, or an alternate if a manifest names the blob, sends a client for it. Concurrent callers on all instances share one request.
 * Rejects with an UpstreamError.
 */
export function upstreamLocation(
  context: FillContext,
  source: Source,
  digest: Digest,
  isNamed: boolean,
): Promise<BlobRedirect> {
  const key = manifestKey(source.repository, digest);
  const cached = context.memory.locations.get(key);
  if (cached !== undefined) return Promise.resolve(cached);
  if (context.memory.direct.get(source.key)) return Promise.resolve({ kind: 'direct' });
  const fetch = (answered?: Answered) => fetchLocation(context, source, digest, isNamed, answered);
  if (!context.missingBlobs.otherInstancesFill)
    return context.flights.locations.run(key, () => fetch());
  const readResult: ReadResult<BlobRedirect> = (consistency) =>
    sharedLocation(context, source.repository, digest, consistency);
  return context.flights.locations.run(key, async () => {
    const shared = await readResult('eventual');
    if (shared !== undefined && shared !== 'busy') return shared;
    return acrossInstances(context, `location:${key}`, readResult, fetch);
  });
}

/** Drops a redirect that no longer leads to the blob. */
export function forgetLocation(context: FillContext, repository: Repository, digest: Digest): void {
  context.memory.locations.delete(manifestKey(repository, digest));
}

/**
 * Drops the redirect of a blob whose bytes were wrong, for all instances: an alternate may have sent
 * them, so clients get the next ones verified for a while.
 */
export async function distrustLocation(
  context: FillContext,
  { repository, alternates }: Source,
  digest: Digest,
): Promise<void> {
  forgetLocation(context, repository, digest);
  if (alternates === undefined || !context.missingBlobs.otherInstancesFill) return;
  const direct = { url: undefined, expires: context.runtime.now() + redirectLife };
  await context.manifests.putUpstreamLocation(repository, digest, direct);
}

async function sharedLocation(
  context: FillContext,
  repository: Repository,
  digest: Digest,
  consistency: Consistency,
): Promise<BlobRedirect | 'busy' | undefined> {
  const { manifests } = context.attempt;
  const shared = await manifests.getUpstreamLocation(repository, digest, consistency);
  if (shared === 'busy') return shared;
  if (shared === undefined || shared === 'failed') return undefined;
  const { url, expires } = shared;
  const location: Location = url === undefined ? { kind: 'direct' } : { kind: 'redirect', url };
  const left = expires - context.runtime.now();
  // More comes from a wrong clock, or from somebody who writes to the index.
  if (left <= 0 || left > lifeOf(location) + clockTolerance) return undefined;
  cacheLocation(context, repository, digest, location, Math.min(left, lifeOf(location)));
  return location;
}

async function fetchLocation(
  context: FillContext,
  source: Source,
  digest: Digest,
  isNamed: boolean,
  answered: Answered | undefined,
): Promise<BlobRedirect> {
  const location = await source.locateBlob(digest, isNamed);
  answered?.();
  // It says nothing about the repository's own registry.
  if (location.kind === 'direct' && location.isOfAlternate) return location;
  if (location.kind !== 'direct' && location.kind !== 'redirect') return location;
  const life = lifeOf(location);
  cacheLocation(context, source.repository, digest, location, life);
  if (context.missingBlobs.otherInstancesFill) {
    const url = location.kind === 'direct' ? undefined : location.url;
    const shared = { url, expires: context.runtime.now() + life };
    await writeWithRetry(context, () =>
      context.attempt.manifests.putUpstreamLocation(source.repository, digest, shared),
    );
  }
  return location;
}

function lifeOf({ kind, isOfAlternate }: Location): number {
  if (isOfAlternate) return alternateLife;
  return kind === 'direct' ? directLife : redirectLife;
}

/** A redirect applies to one blob, but its absence to the repository. */
function cacheLocation(
  { memory }: FillContext,
  repository: Repository,
  digest: Digest,
  location: Location,
  life: number,
): void {
  if (location.kind === 'direct') memory.direct.set(repositoryKey(repository), true, life);
  else memory.locations.set(manifestKey(repository, digest), location, life);
}
