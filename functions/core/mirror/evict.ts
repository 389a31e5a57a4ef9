import type { Descriptor } from '../oci/descriptor.ts';
import type { PulledManifest } from '../ports/manifest-store.ts';
import { goOnWithout } from './asking/go-on-without.ts';
import { knownManifest, manifestKey } from './manifests/known-manifest.ts';
import type { Parts } from './parts.ts';

/** A blob that nothing names is left alone for so long: its manifest may be on its way. In ms. */
const grace = 3_600_000;

/** Evicting goes on below the bound, so that it is not due again with the next blob. */
const headroom = 0.95;

const batch = 50;

/**
 * Brings the blob store under its bound: first blobs that no manifest names, then the images that
 * were pulled longest ago, each manifest before its blobs. A blob that a kept manifest names, or
 * that is being filled, stays. Does not reject.
 */
export async function evict(parts: Parts): Promise<void> {
  const { storeBytes } = parts.limits;
  if (storeBytes === Number.POSITIVE_INFINITY) return;
  await parts.flights.evictions.run('all', async () => {
    await goOnWithout(parts, 'evict', evictDownTo(parts, storeBytes));
  });
}

async function evictDownTo(parts: Parts, storeBytes: number): Promise<void> {
  const used = await parts.blobs.usedBytes();
  if (used <= storeBytes) return;
  const freed = { manifests: 0, blobs: 0, bytes: 0 };
  const excess = used - storeBytes * headroom;
  for await (const blob of parts.blobs.list()) {
    if (freed.bytes >= excess) break;
    if (parts.runtime.now() - blob.stored > grace) await deleteUnnamed(parts, blob, freed);
  }
  while (freed.bytes < excess) {
    const oldest = await parts.manifests.leastRecentlyPulled(batch);
    if (oldest.length === 0) break;
    for (const pulled of oldest) {
      if (freed.bytes >= excess) break;
      await evictManifest(parts, pulled, freed);
    }
  }
  // What was complete may not be any more.
  parts.memory.complete.clear();
  parts.runtime.observe({ kind: 'evicted', ...freed });
}

interface Freed {
  manifests: number;
  blobs: number;
  bytes: number;
}

async function evictManifest(parts: Parts, pulled: PulledManifest, freed: Freed): Promise<void> {
  const { repository, digest } = pulled;
  const known = await knownManifest(parts, repository, digest);
  await parts.manifests.removeManifest(repository, digest);
  parts.memory.manifests.delete(manifestKey(repository, digest));
  freed.manifests += 1;
  for (const blob of known?.contents?.blobs ?? []) {
    parts.memory.blobEntries.delete(manifestKey(repository, blob.digest));
    await deleteUnnamed(parts, blob, freed);
  }
}

async function deleteUnnamed(
  parts: Parts,
  blob: Pick<Descriptor, 'digest'>,
  freed: Freed,
): Promise<void> {
  if (parts.fills.isFilling(blob.digest)) return;
  if (await parts.manifests.isBlobNamed(blob.digest)) return;
  const stored = await parts.blobs.stat(blob.digest);
  if (stored === undefined) return;
  await parts.blobs.delete(blob.digest);
  freed.blobs += 1;
  freed.bytes += stored.size;
}
