import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { NotedBlob } from '../../ports/blob-store.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import type { KnownManifest } from '../memory.ts';
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
  context: Context,
  repository: Repository,
  known: KnownManifest,
): Promise<boolean> {
  const { complete, incomplete } = context.memory;
  if (isKnownComplete(context, repository, known)) return true;
  const key = manifestKey(repository, known.manifest.digest);
  if (incomplete.has(key)) return false;
  const { arrivals } = incomplete;
  // Who asks after something arrived does not share what was found out before.
  return context.flights.walks.run(`${arrivals} ${key}`, async () => {
    const found = await findComplete(context, repository, known);
    if (found === undefined) {
      incomplete.add(key, arrivals);
      return false;
    }
    const { digest } = found.manifest;
    if (found.contents?.kind !== 'index' && !complete.get(digest)) {
      markComplete(context, repository, digest);
    }
    if (known.contents?.kind === 'index') complete.set(key, true, indexLife);
    return true;
  });
}

/** A stored blob is there for all repositories; an index's image may be another's alone. */
function isKnownComplete(
  { memory }: Context,
  repository: Repository,
  { manifest: { digest }, contents }: KnownManifest,
): boolean {
  const key = contents?.kind === 'index' ? manifestKey(repository, digest) : digest;
  return memory.complete.get(key) === true;
}

/** Notes, here and behind the answer in the index, that all an image needs is stored. */
export function markComplete(context: Context, repository: Repository, digest: Digest): void {
  context.memory.complete.set(digest, true, completeLife);
  context.runtime.waitUntil(
    context.manifests.markComplete(repository, digest, context.runtime.now()),
  );
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
  context: Context,
  source: Source,
  known: KnownManifest,
): Promise<UpstreamError | undefined> {
  if (isKnownComplete(context, source.repository, known)) return undefined;
  // A client that is redirected to the blob host may well reach it where this mirror does not.
  const blobFailure = source.policy.delivery === 'stream' ? source.blobFailure : undefined;
  if (blobFailure === undefined && source.isTrusted) return undefined;
  if (await isComplete(context, source.repository, known)) return undefined;
  if (blobFailure !== undefined) return blobFailure;
  // A limit is for all that is asked for; any other failure may be one blob's, so it is asked.
  const { recentFailure } = source;
  if (recentFailure?.kind === 'limited') return recentFailure;
  const digest = known.manifest.digest;
  try {
    await context.flights.probes.run(source.key, async () => {
      await source.headManifest({ kind: 'digest', digest });
    });
    return undefined;
  } catch (error) {
    return source.toUpstreamError(error);
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
  context: Context,
  repository: Repository,
  manifest: Digest | undefined,
): Promise<void> {
  if (!context.missingBlobs.areFilledBehind || manifest === undefined) return;
  const known = await knownManifest(context, repository, manifest);
  if (known?.contents?.kind !== 'image' || known.contents.hasMore) return;
  if (context.memory.complete.get(manifest)) return;
  for (const { digest, size } of neededBlobs(known).toReversed()) {
    const stored = await context.blobs.stat(digest);
    if (stored?.size !== size) return;
  }
  markComplete(context, repository, manifest);
}
