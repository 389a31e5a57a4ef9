import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency } from '../../ports/manifest-store.ts';
import { goOnWithout, orBusy } from '../../ports/tolerate.ts';
import type { BlobLocating, CallCount } from '../../ports/upstream.ts';
import { askUpstream } from '../../sources/ask-source.ts';
import { acrossInstances, type Look } from '../across-instances.ts';
import type { Parts } from '../context.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import { writePatiently } from '../pause.ts';

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
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<BlobLocating> {
  const key = manifestKey(repository, digest);
  const remembered = parts.memory.locations.get(key);
  if (remembered !== undefined) return Promise.resolve(remembered);
  if (parts.memory.direct.get(repositoryKey(repository))) {
    return Promise.resolve({ kind: 'direct' });
  }
  const ask = () => askForLocation(parts, repository, digest, calls);
  if (!parts.missingBlobs.areFilledBehind) return parts.flights.locations.run(key, ask);
  const look: Look<BlobLocating> = (consistency) =>
    sharedLocation(parts, repository, digest, consistency);
  return parts.flights.locations.run(key, async () => {
    const shared = await look('eventual');
    if (shared !== undefined && shared !== 'busy') return shared;
    return acrossInstances(parts, `location:${key}`, look, ask);
  });
}

/** Makes the upstream be asked again: what it said does not lead to the blob any more. */
export function forgetLocation(parts: Parts, repository: Repository, digest: Digest): void {
  parts.memory.locations.delete(manifestKey(repository, digest));
}

async function sharedLocation(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  consistency: Consistency,
): Promise<BlobLocating | 'busy' | undefined> {
  const reading = parts.manifests.getUpstreamLocation(repository, digest, consistency);
  const shared = await orBusy(parts, 'read location', reading);
  if (shared === undefined || shared === 'busy') return shared;
  const { url, expires } = shared;
  const location: Leading = url === undefined ? { kind: 'direct' } : { kind: 'redirect', url };
  remember(parts, repository, digest, location, expires - parts.runtime.now());
  return location;
}

async function askForLocation(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<BlobLocating> {
  const location = await askUpstream(parts, repository, (upstream, name) =>
    upstream.locateBlob(name, digest, calls),
  );
  if (location.kind !== 'direct' && location.kind !== 'redirect') return location;
  const life = location.kind === 'direct' ? directLife : locationLife;
  remember(parts, repository, digest, location, life);
  if (parts.missingBlobs.areFilledBehind) {
    const url = location.kind === 'direct' ? undefined : location.url;
    const shared = { url, expires: parts.runtime.now() + life };
    const writing = writePatiently(parts, () =>
      parts.manifests.putUpstreamLocation(repository, digest, shared),
    );
    await goOnWithout(parts, 'share location', writing);
  }
  return location;
}

/** An upstream's redirect is for one blob; that it sends none is for a repository. */
function remember(
  { memory }: Parts,
  repository: Repository,
  digest: Digest,
  location: Leading,
  milliseconds: number,
): void {
  const key = repositoryKey(repository);
  if (location.kind === 'direct') memory.direct.set(key, true, milliseconds);
  else memory.locations.set(`${key}@${digest}`, location, milliseconds);
}
