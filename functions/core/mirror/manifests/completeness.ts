import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import type { CachedManifest } from '../memory.ts';
import { findComplete } from './completeness-walk.ts';
import { heldBack, heldChild } from './holds.ts';
import { completeLife, getManifest, manifestKey } from './manifest-cache.ts';

/** How long an index counts as complete before its images are examined again, in ms. */
const indexLife = 60_000;

/**
 * True if a client can get every blob it needs from the store: all of an image's, or those of one image
 * of an index, because the client's platform is unknown. The index only notes this for images: an
 * index's image may be evicted before the index is.
 */
export async function isComplete(
  context: Context,
  repository: Repository,
  cached: CachedManifest,
): Promise<boolean> {
  const { complete, incomplete } = context.memory;
  if (isKnownComplete(context, repository, cached)) return true;
  const key = manifestKey(repository, cached.manifest.digest);
  if (incomplete.has(key)) return false;
  const { arrivals } = incomplete;
  // The key has `arrivals`, so that a caller does not share a walk that began before a blob arrived.
  return context.flights.walks.run(`${arrivals} ${key}`, async () => {
    const found = await findComplete(context, repository, cached);
    if (found === undefined) {
      incomplete.add(key, arrivals);
      return false;
    }
    const { digest } = found.manifest;
    if (found.summary?.kind !== 'index' && !complete.get(digest)) {
      markComplete(context, repository, digest);
    }
    if (cached.summary?.kind === 'index') {
      complete.set(key, true, Math.min(indexLife, completeLife(context)));
    }
    return true;
  });
}

/** Repositories share stored blobs, but an index's image may belong to another repository only. */
function isKnownComplete(
  { memory }: Context,
  repository: Repository,
  { manifest: { digest }, summary }: CachedManifest,
): boolean {
  const key = summary?.kind === 'index' ? manifestKey(repository, digest) : digest;
  return memory.complete.get(key) === true;
}

/** Notes that every blob of an image is stored: here, and in the background in the index. */
export function markComplete(context: Context, repository: Repository, digest: Digest): void {
  const { memory, runtime, manifests } = context;
  memory.complete.set(digest, true, completeLife(context));
  runtime.waitUntil(manifests.markComplete(repository, digest, runtime.now()));
}

/**
 * Why a manifest in hand must not be served; undefined if it may be. podman and CRI-O choose their
 * endpoint by the first manifest and never fall back afterwards, so a manifest is served only if its
 * blobs can follow: from the store, or from an upstream that answers.
 */
export async function whyUnservable(
  context: Context,
  source: Source,
  cached: CachedManifest,
): Promise<UpstreamError | undefined> {
  const { repository, policy } = source;
  if (isKnownComplete(context, repository, cached)) return whyChildLacks(context, source, cached);
  const held = await heldBack(context, source, cached);
  // A client that gets a redirect may reach the blob host even where this mirror does not.
  const blobFailure = policy.delivery === 'stream' ? source.blobFailure : undefined;
  const isTrusted = source.isTrusted && blobFailure === undefined && held === undefined;
  if (isTrusted) return whyChildLacks(context, source, cached);
  if (await isComplete(context, repository, cached)) return whyChildLacks(context, source, cached);
  if (held !== undefined) return held;
  const { digest } = cached.manifest;
  const failure = blobFailure ?? source.recentFailure;
  // A limit of pulls spares blobs.
  if (failure?.limit === 'pulls') return whyChildLacks(context, source, cached);
  if (failure !== undefined && (await isElsewhere(context, source, digest))) {
    return whyChildLacks(context, source, cached);
  }
  // Any other limit affects every request. Any other failure may be a single blob's, so ask the upstream.
  if (blobFailure !== undefined || failure?.kind === 'limited') return failure;
  try {
    await source.follow(
      context.flights.probes.run(source.key, async () => {
        await source.headManifest({ kind: 'digest', digest });
      }),
    );
    return await whyChildLacks(context, source, cached);
  } catch (error) {
    const isOnlyElsewhere = failure === undefined && (await isElsewhere(context, source, digest));
    if (isOnlyElsewhere) return whyChildLacks(context, source, cached);
    return source.toUpstreamError(error);
  }
}

/** Whether an alternate has the manifest, and so probably its blobs. */
async function isElsewhere(context: Context, source: Source, digest: Digest): Promise<boolean> {
  const { alternates } = source;
  if (alternates === undefined) return false;
  const key = manifestKey(source.repository, digest);
  return source.follow(context.flights.elsewhere.run(key, () => alternates.has(digest)));
}

/**
 * Why an index must be refused to a client that does not fall back once it has it: a manifest in it that
 * was requested before cannot be had completely. `isStale` if the upstream does not confirm the index.
 */
export async function whyChildLacks(
  context: Context,
  source: Source,
  index: CachedManifest,
  isStale = false,
): Promise<UpstreamError | undefined> {
  if (!source.commits || index.summary?.kind !== 'index') return undefined;
  const isConfirmed = !isStale && source.recentFailure === undefined;
  const isWhole = (child: CachedManifest) => isComplete(context, source.repository, child);
  return heldChild(context, source, index, isWhole, isConfirmed);
}

/**
 * After a fill: notes in the index if the manifest now has all its blobs, so that a new instance can
 * serve it without looking for each of them. Does not reject.
 *
 * It runs after every fill of an image, so it looks for blobs one by one and stops at the first missing
 * one. It starts with the last blob: fills are queued in order, so the earlier ones are stored.
 */
export async function noteComplete(
  context: Context,
  repository: Repository,
  digest: Digest | undefined,
): Promise<void> {
  if (!context.missingBlobs.otherInstancesFill || digest === undefined) return;
  const { summary } = (await getManifest(context, repository, digest)) ?? {};
  if (summary?.kind !== 'image' || summary.hasMore) return;
  if (context.memory.complete.get(digest)) return;
  for (const blob of summary.needed.toReversed()) {
    const stored = await context.blobs.stat(blob.digest);
    if (stored?.size !== blob.size) return;
  }
  markComplete(context, repository, digest);
}
