import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency } from '../../ports/manifest-store.ts';
import type { BlobLocating } from '../../ports/upstream.ts';
import type { Source } from '../../sources/source.ts';
import { acrossInstances, type Look, writePatiently } from '../across-instances.ts';
import type { FillContext } from '../context.ts';
import { manifestKey } from '../manifests/known-manifest.ts';

/** An answer that leads to the blob. */
type Leading = Extract<BlobLocating, { kind: 'redirect' | 'direct' }>;

/** How long an upstream's own redirect is handed out again, in ms: they live for minutes. */
const locationLife = 60_000;

/** How long an upstream that serves blobs itself is not asked for a redirect again, in ms. */
const directLife = 600_000;

/**
 * Where the upstream sends a client for a blob. Whoever asks at about the same time, of all
 * instances, gets the same answer for one request. Rejects with an UpstreamError.
 */
export function upstreamLocation(
  context: FillContext,
  source: Source,
  digest: Digest,
): Promise<BlobLocating> {
  const key = manifestKey(source.repository, digest);
  const remembered = context.memory.locations.get(key);
  if (remembered !== undefined) return Promise.resolve(remembered);
  if (context.memory.direct.get(repositoryKey(source.repository))) {
    return Promise.resolve({ kind: 'direct' });
  }
  const ask = () => askForLocation(context, source, digest);
  if (!context.missingBlobs.areFilledBehind) return context.flights.locations.run(key, ask);
  const look: Look<BlobLocating> = (consistency) =>
    sharedLocation(context, source.repository, digest, consistency);
  return context.flights.locations.run(key, async () => {
    const shared = await look('eventual');
    if (shared !== undefined && shared !== 'busy') return shared;
    return acrossInstances(context, `location:${key}`, look, ask);
  });
}

/** Makes the upstream be asked again: what it said does not lead to the blob any more. */
export function forgetLocation(context: FillContext, repository: Repository, digest: Digest): void {
  context.memory.locations.delete(manifestKey(repository, digest));
}

async function sharedLocation(
  context: FillContext,
  repository: Repository,
  digest: Digest,
  consistency: Consistency,
): Promise<BlobLocating | 'busy' | undefined> {
  const { manifests } = context.attempt;
  const shared = await manifests.getUpstreamLocation(repository, digest, consistency);
  if (shared === 'busy') return shared;
  if (shared === undefined || shared === 'failed') return undefined;
  const { url, expires } = shared;
  const location: Leading = url === undefined ? { kind: 'direct' } : { kind: 'redirect', url };
  remember(context, repository, digest, location, expires - context.runtime.now());
  return location;
}

async function askForLocation(
  context: FillContext,
  source: Source,
  digest: Digest,
): Promise<BlobLocating> {
  const location = await source.locateBlob(digest);
  if (location.kind !== 'direct' && location.kind !== 'redirect') return location;
  const life = location.kind === 'direct' ? directLife : locationLife;
  remember(context, source.repository, digest, location, life);
  if (context.missingBlobs.areFilledBehind) {
    const url = location.kind === 'direct' ? undefined : location.url;
    const shared = { url, expires: context.runtime.now() + life };
    await writePatiently(context, () =>
      context.attempt.manifests.putUpstreamLocation(source.repository, digest, shared),
    );
  }
  return location;
}

/** An upstream's redirect is for one blob; that it sends none is for a repository. */
function remember(
  { memory }: FillContext,
  repository: Repository,
  digest: Digest,
  location: Leading,
  milliseconds: number,
): void {
  const key = repositoryKey(repository);
  if (location.kind === 'direct') memory.direct.set(key, true, milliseconds);
  else memory.locations.set(`${key}@${digest}`, location, milliseconds);
}
