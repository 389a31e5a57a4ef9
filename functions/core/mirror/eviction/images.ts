import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import type { PulledManifest } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import { type KeptImages, shortestAge } from './kept-images.ts';
import type { EvictionRun } from './run.ts';

const batch = 50;

/** The most images of the history that one run considers when nothing else can be evicted. */
const mostSpared = 10_000;

/**
 * Evicts the least recently pulled images, each manifest before its blobs. A manifest takes one step,
 * and each blob that it names takes another. Pinned images are kept; those of a tag's history are evicted
 * only if that is not enough. Resolves to false if everything that is left is pinned.
 */
export async function evictImages(
  context: Context,
  run: EvictionRun,
  kept: KeptImages,
  steps: number,
): Promise<boolean> {
  const budget = { left: steps, all: steps };
  const spared: PulledManifest[] = [];
  for await (const image of leastRecentlyPulled(context, Math.min(batch, steps))) {
    if (budget.left <= 0 || !(await run.canContinue())) return true;
    const keeping = await kept.keeping(image);
    if (keeping === 'history' && spared.length < mostSpared) spared.push(image);
    if (keeping === undefined && !(await evictNext(context, run, image, budget))) return true;
  }
  return evictSpared(context, run, spared, budget);
}

async function evictSpared(
  context: Context,
  run: EvictionRun,
  spared: readonly PulledManifest[],
  budget: StepBudget,
): Promise<boolean> {
  // What a later run frees may be enough.
  if (run.isDeferred) return true;
  for (const pulled of spared) {
    if (!(await evictNext(context, run, pulled, budget))) return true;
    run.freed.history += 1;
  }
  return !(await run.canContinue());
}

/**
 * Evicts what was not pulled for as long as its registry's images are kept, and what is gone upstream and
 * was served for long enough. Resolves to the steps taken.
 */
export async function evictAged(
  context: Context,
  run: EvictionRun,
  kept: KeptImages,
  steps: number,
): Promise<number> {
  const shortest = shortestAge(context);
  if (shortest === undefined) return 0;
  const { manifests } = context.ports;
  let taken = 0;
  const evictOne = async (image: PulledManifest) => {
    const blobs = await blobsOf(context, image);
    await evictImage(context, run, image, blobs);
    taken += 1 + blobs.length;
  };
  for await (const image of leastRecentlyPulled(context)) {
    if (taken >= steps || !(await run.hasTime())) return taken;
    if (image.pulled + shortest > context.runtime.now()) break;
    if (await kept.isAged(image)) await evictOne(image);
  }
  let last: string | undefined;
  do {
    const page = await manifests.listGone({ limit: batch, last });
    for (const gone of page.entries) {
      if (taken >= steps || !(await run.hasTime())) return taken;
      const { repository, digest, since } = gone;
      if (!(await kept.isExpired(gone))) continue;
      const stored = await manifests.getManifest(repository, digest, 'eventual');
      if (stored !== undefined) await evictOne({ repository, digest, pulled: since });
    }
    last = page.next;
  } while (last !== undefined);
  return taken;
}

/** All images, the least recently pulled first. */
export async function* leastRecentlyPulled(
  { ports: { manifests } }: Context,
  pageSize = batch,
): AsyncGenerator<PulledManifest> {
  let after: PulledManifest | undefined;
  for (;;) {
    const images = await manifests.leastRecentlyPulled(pageSize, after);
    yield* images;
    after = images.at(-1);
    if (after === undefined) return;
  }
}

interface StepBudget {
  left: number;
  readonly all: number;
}

/** Evicts one image, unless it is being filled. False if the run has to end first. */
async function evictNext(
  context: Context,
  run: EvictionRun,
  pulled: PulledManifest,
  budget: StepBudget,
): Promise<boolean> {
  const { left, all } = budget;
  if (left <= 0 || !(await run.canContinue())) return false;
  const blobs = await blobsOf(context, pulled);
  // Without its manifest, what is being filled would be left behind.
  if (blobs.some((blob) => context.fills.isFilling(blob))) {
    run.isDeferred = true;
    return true;
  }
  const needed = 1 + blobs.length;
  // Blobs left behind would be found only by a search through all of them, so the next run evicts
  // the whole image. An image that is too large for any run is evicted in part.
  if (needed > left && left < all) return false;
  await evictImage(context, run, pulled, blobs.slice(0, left - 1));
  budget.left -= needed;
  return true;
}

/** Rejects if the index fails, because the blobs would be left behind. */
async function blobsOf(
  { memory, ports }: Context,
  { repository, digest }: PulledManifest,
): Promise<readonly Digest[]> {
  const cached = memory.manifests.get(manifestKey(repository, digest));
  const manifest = cached?.manifest ?? (await ports.manifests.getManifest(repository, digest));
  const contents = cached?.summary ?? (manifest && readManifest(manifest));
  return (contents?.blobs ?? []).map((blob) => blob.digest);
}

async function evictImage(
  context: Context,
  run: EvictionRun,
  { repository, digest }: PulledManifest,
  blobs: readonly Digest[],
): Promise<void> {
  await context.ports.manifests.removeManifest(repository, digest);
  context.memory.manifests.delete(manifestKey(repository, digest));
  run.freed.manifests += 1;
  for (const blob of blobs) {
    context.memory.blobEntries.delete(manifestKey(repository, blob));
    await run.deleteUnreferenced(blob);
  }
}
