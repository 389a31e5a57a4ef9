import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import type { PulledManifest } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import type { EvictionRun } from './run.ts';

const batch = 50;

/**
 * Evicts the images that were pulled longest ago, each manifest before its blobs. A manifest takes a
 * step, and so does each blob that it names.
 */
export async function evictImages(
  context: Context,
  run: EvictionRun,
  steps: number,
): Promise<void> {
  let left = steps;
  while (left > 0 && (await run.goesOn())) {
    const oldest = await context.ports.manifests.leastRecentlyPulled(Math.min(batch, left));
    if (oldest.length === 0) return;
    for (const pulled of oldest) {
      if (left <= 0 || !(await run.goesOn())) return;
      const blobs = await blobsOf(context, pulled);
      const needed = 1 + blobs.length;
      // What remains of an image is found again only by going through all blobs: the next run takes
      // it whole. One that no run can take whole is begun all the same.
      if (needed > left && left < steps) return;
      await evictImage(context, run, pulled, blobs.slice(0, left - 1));
      left -= needed;
    }
  }
}

/** Rejects when the index cannot say it: the blobs would be left behind. */
async function blobsOf(
  context: Context,
  { repository, digest }: PulledManifest,
): Promise<readonly Digest[]> {
  const known = context.memory.manifests.get(manifestKey(repository, digest));
  const manifest =
    known?.manifest ?? (await context.ports.manifests.getManifest(repository, digest));
  const contents = known?.contents ?? (manifest && readManifest(manifest));
  return [...new Set((contents?.blobs ?? []).map((blob) => blob.digest))];
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
    await run.deleteUnnamed(blob);
  }
}
