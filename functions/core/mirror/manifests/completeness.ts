import type { Digest } from '../../oci/digest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { NotedBlob } from '../../ports/blob-store.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import { askUpstream, asUpstreamError } from '../../sources/ask-source.ts';
import { type KnownManifest, type Parts, upstreamOf } from '../context.ts';
import { findComplete } from './completeness-walk.ts';
import { completeLife, knownManifest, manifestKey } from './known-manifest.ts';

/** How long an index counts as complete here before its images are looked at again, in ms. */
const indexLife = 60_000;

/**
 * True when a client can have every blob it needs for this manifest from the store alone: all of an
 * image's, or those of one image of an index (nobody can tell which platform is wanted). Only of an
 * image it is noted in the index: an image of an index may be evicted before the index is.
 */
export async function isComplete(
  parts: Parts,
  repository: Repository,
  known: KnownManifest,
): Promise<boolean> {
  const { complete, incomplete } = parts.memory;
  if (isKnownComplete(parts, repository, known)) return true;
  const key = manifestKey(repository, known.manifest.digest);
  if (incomplete.has(key)) return false;
  const { arrivals } = incomplete;
  // Who asks after something arrived does not share what was found out before.
  return parts.flights.walks.run(`${arrivals} ${key}`, async () => {
    const found = await findComplete(parts, repository, known);
    if (found === undefined) {
      incomplete.add(key, arrivals);
      return false;
    }
    const { digest } = found.manifest;
    if (found.contents?.kind !== 'index' && !complete.get(digest)) {
      markComplete(parts, repository, digest);
    }
    if (known.contents?.kind === 'index') complete.set(key, true, indexLife);
    return true;
  });
}

/** A stored blob is there for all repositories; an index's image may be another's alone. */
function isKnownComplete(
  { memory }: Parts,
  repository: Repository,
  { manifest: { digest }, contents }: KnownManifest,
): boolean {
  const key = contents?.kind === 'index' ? manifestKey(repository, digest) : digest;
  return memory.complete.get(key) === true;
}

/** Notes, here and behind the answer in the index, that all an image needs is stored. */
export function markComplete(parts: Parts, repository: Repository, digest: Digest): void {
  parts.memory.complete.set(digest, true, completeLife);
  const noting = parts.manifests.markComplete(repository, digest, parts.runtime.now());
  parts.runtime.waitUntil(goOnWithout(parts, 'mark complete', noting));
}

/** What a client needs of an image from here. */
export function neededBlobs({ contents }: KnownManifest): readonly NotedBlob[] {
  return contents?.needed ?? [];
}

/**
 * Why this manifest must not be served although we have it: podman and CRI-O choose their endpoint
 * by the first manifest and fall back no more, so a manifest goes out only when its blobs can
 * follow, from the store or from an upstream that is alive. undefined: it may be served.
 */
export async function whyUnservable(
  parts: Parts,
  repository: Repository,
  known: KnownManifest,
  calls: CallCount,
): Promise<UpstreamError | undefined> {
  const { health, policy } = upstreamOf(parts, repository);
  const { name } = repository;
  if (isKnownComplete(parts, repository, known)) return undefined;
  // A client that is redirected to the blob host may well reach it where this mirror does not.
  const blobFailure = policy.delivery === 'stream' ? health.blobFailure(name) : undefined;
  if (blobFailure === undefined && health.isTrusted(name)) return undefined;
  if (await isComplete(parts, repository, known)) return undefined;
  if (blobFailure !== undefined) return blobFailure;
  // A limit is for all that is asked for; any other failure may be one blob's, so it is asked.
  const resting = health.resting(name);
  if (resting?.kind === 'limited') return resting;
  const digest = known.manifest.digest;
  try {
    await parts.flights.probes.run(repositoryKey(repository), async () => {
      await askUpstream(parts, repository, (upstream) =>
        upstream.headManifest(name, { kind: 'digest', digest }, calls),
      );
    });
    return undefined;
  } catch (error) {
    return asUpstreamError(error, repository);
  }
}

/**
 * After a fill: notes in the index that a manifest has all its blobs now, if it has, so that an
 * instance that knows nothing yet can serve it without asking for each of them. Does not reject.
 *
 * Every fill of an image ends here, so they are asked for one by one up to the first that is
 * missing: all at once would be as many questions as blobs times blobs. The last ones first: they
 * are queued in their order, and those before the one that was just filled are stored.
 */
export async function noteComplete(
  parts: Parts,
  repository: Repository,
  manifest: Digest | undefined,
): Promise<void> {
  if (!parts.missingBlobs.areFilledBehind || manifest === undefined) return;
  const known = await knownManifest(parts, repository, manifest);
  if (known?.contents?.kind !== 'image' || known.contents.hasMore) return;
  if (parts.memory.complete.get(manifest)) return;
  for (const { digest, size } of neededBlobs(known).toReversed()) {
    const stored = await goOnWithout(parts, 'stat blob', parts.blobs.stat(digest));
    if (stored?.size !== size) return;
  }
  markComplete(parts, repository, manifest);
}
