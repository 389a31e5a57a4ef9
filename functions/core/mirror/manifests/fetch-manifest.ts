import type { Digest } from '../../oci/digest.ts';
import { type Manifest, type ManifestContents, readManifest } from '../../oci/manifest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import { askUpstream } from '../../sources/ask-source.ts';
import { acrossInstances, type Look } from '../across-instances.ts';
import type { FetchedManifest, KnownManifest, Parts } from '../context.ts';
import { enqueueFills } from '../enqueue-fills.ts';
import type { ManifestOutcome } from '../outcome.ts';
import { writePatiently } from '../pause.ts';
import { foundManifest, lookForManifest, manifestKey, rememberManifest } from './known-manifest.ts';

/**
 * Brings a manifest that this repository does not have yet. All who want it at the same moment
 * share one GET, and a manifest that another repository of the registry already brought costs none:
 * the upstream only has to confirm by HEAD that this repository has it too. No registry can confirm
 * what another one sent. Rejects with an UpstreamError.
 */
export function fetchManifest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<FetchedManifest> {
  const key = manifestKey(repository, digest);
  const look: Look<FetchedManifest> = async (consistency) => {
    const known = await lookForManifest(parts, repository, digest, consistency);
    return known === undefined || known === 'busy' ? known : { kind: 'found', known };
  };
  return parts.flights.manifests.run(key, () =>
    acrossInstances(parts, `manifest:${key}`, look, () =>
      bringFromUpstream(parts, repository, digest, calls),
    ),
  );
}

async function bringFromUpstream(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<FetchedManifest> {
  const finding = parts.manifests.findManifest(digest, repository.registry);
  const elsewhere = await goOnWithout(parts, 'find manifest', finding);
  const reference = { kind: 'digest', digest } as const;
  if (elsewhere !== undefined) {
    const head = await askUpstream(parts, repository, (upstream, name) =>
      upstream.headManifest(name, reference, calls),
    );
    if (head.kind === 'found') {
      return { kind: 'found', known: await adoptManifest(parts, repository, elsewhere) };
    }
    if (head.kind !== 'unsupported') return head;
  }
  return pullManifest(parts, repository, reference, calls);
}

/** GETs a manifest from the upstream: the one thing that upstreams count as a pull. */
export async function pullManifest(
  parts: Parts,
  repository: Repository,
  reference: Reference,
  calls: CallCount,
): Promise<FetchedManifest> {
  parts.ledger.count({ pullsMade: 1 });
  const got = await askUpstream(parts, repository, (upstream, name) =>
    upstream.getManifest(name, reference, calls),
  );
  if (got.kind !== 'found') return got;
  return { kind: 'found', known: await adoptManifest(parts, repository, got.manifest) };
}

/**
 * Makes a verified manifest one of this repository's and queues the fill of its blobs, so that the
 * fill overlaps the client's own pull. Both are done before the client is answered: on a platform
 * that stops after the answer nothing may be left undone.
 */
async function adoptManifest(
  parts: Parts,
  repository: Repository,
  manifest: Manifest,
): Promise<KnownManifest> {
  const contents = readManifest(manifest);
  const known = rememberManifest(parts, repository, manifest, contents);
  const pulled = parts.runtime.now();
  const writing = writePatiently(parts, () =>
    parts.manifests.putManifest(repository, manifest, contents, pulled),
  );
  await goOnWithout(parts, 'write manifest', writing);
  parts.memory.incomplete.arrived();
  await queueFills(parts, repository, manifest.digest, contents);
  return known;
}

async function queueFills(
  parts: Parts,
  repository: Repository,
  manifest: Digest,
  contents: ManifestContents | undefined,
): Promise<void> {
  const blobs = (contents?.blobs ?? []).filter(
    (blob) => blob.urls === undefined && blob.size <= parts.limits.maxBlobBytes,
  );
  const jobs = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()].map(
    ({ digest, size, mediaType }) => ({
      repository,
      blob: { digest, size, mediaType },
      manifest,
    }),
  );
  if (jobs.length > 0) await enqueueFills(parts, jobs);
}

/** Answers with a manifest that has to be fetched first. Rejects with an UpstreamError. */
export async function bringManifest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<ManifestOutcome> {
  const before = calls.upstreamCalls;
  const fetched = await fetchManifest(parts, repository, digest, calls);
  if (fetched.kind !== 'found') return fetched;
  // Whoever shared another's GET avoided one: only the request that sent it counts as a miss.
  const paid = calls.upstreamCalls > before;
  return foundManifest(fetched.known, paid ? { kind: 'miss' } : { kind: 'hit', ttl: undefined });
}
