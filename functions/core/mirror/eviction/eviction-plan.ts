import { readManifest } from '../../oci/manifest.ts';
import type { PulledManifest } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';
import { excessOf } from './evict.ts';
import { leastRecentlyPulled } from './images.ts';
import { KeptImages, shortestAge } from './kept-images.ts';

/** An image that eviction would free, and why. */
export interface PlannedEviction extends PulledManifest {
  readonly reason: 'age' | 'limit' | 'history';
  /** The bytes of its blobs that no image before it in the plan has: at most so many would be freed. */
  readonly bytes: number;
}

/**
 * What eviction would free now, in its order, without freeing anything: at most `limit` images. Rejects if a
 * store fails.
 */
export async function planEviction(
  context: Context,
  limit: number,
): Promise<readonly PlannedEviction[]> {
  const kept = new KeptImages(context);
  const plan: PlannedEviction[] = [];
  const counted = new Set<string>();
  let excess = await excessOf(context);
  const add = async (image: PulledManifest, reason: PlannedEviction['reason']) => {
    const bytes = await newBytesOf(context, image, counted);
    excess -= bytes;
    const { repository, digest, pulled } = image;
    plan.push({ repository, digest, pulled, reason, bytes });
  };
  const spared: PulledManifest[] = [];
  for await (const image of leastRecentlyPulled(context)) {
    if (plan.length >= limit) return plan;
    const keeping = await kept.keeping(image);
    if (keeping === undefined && (await kept.isAged(image))) await add(image, 'age');
    else if (keeping === undefined && excess > 0) await add(image, 'limit');
    else if (keeping === 'history') spared.push(image);
    else if (excess <= 0 && !mayBeAged(context, image)) break;
  }
  for (const image of spared) {
    if (plan.length >= limit || excess <= 0) return plan;
    await add(image, 'history');
  }
  return plan;
}

/** Later ones were pulled later, so that none of them is past its time either. */
function mayBeAged(context: Context, image: PulledManifest): boolean {
  const shortest = shortestAge(context);
  return shortest !== undefined && image.pulled + shortest <= context.runtime.now();
}

async function newBytesOf(
  { ports: { manifests } }: Context,
  { repository, digest }: PulledManifest,
  counted: Set<string>,
): Promise<number> {
  const manifest = await manifests.getManifest(repository, digest, 'eventual');
  const blobs = (manifest && readManifest(manifest))?.blobs ?? [];
  let bytes = 0;
  for (const blob of blobs) {
    if (counted.has(blob.digest)) continue;
    counted.add(blob.digest);
    bytes += blob.size;
  }
  return bytes;
}
