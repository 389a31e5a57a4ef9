import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import type { PulledManifest } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import type { EvictionRun } from './run.ts';

const batch = 50;

/**
 * Evicts the least recently pulled images, each manifest before its blobs. A manifest takes one step,
 * and each blob that it names takes another.
 */
export async function evictImages(
  context: Context,
  run: EvictionRun,
  steps: number,
): Promise<void> {
  let left = steps;
  while (left > 0 && (await run.canContinue())) {
    const oldest = await context.ports.manifests.leastRecentlyPulled(Math.min(batch, left));
    if (oldest.length === 0) return;
    for (const pulled of oldest) {
      if (left <= 0 || !(await run.canContinue())) return;
      const blobs = await blobsOf(context, pulled);
      const needed = 1 + blobs.length;
      // Blobs left behind would be found only by a search through all of them, so the next run evicts
      // the whole image. An image that is too large for any run is evicted in part.
      if (needed > left && left < steps) return;
      await evictImage(context, run, pulled, blobs.slice(0, left - 1));
      left -= needed;
    }
  }
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
