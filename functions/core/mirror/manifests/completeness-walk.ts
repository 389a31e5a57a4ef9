import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { NotedBlob } from '../../ports/blob-store.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Context } from '../context.ts';
import type { CachedManifest } from '../memory.ts';
import { getManifest } from './manifest-cache.ts';

/** Real indexes rarely nest at all. */
const deepestIndex = 3;

/** The limits of one walk: anybody who may push to an upstream chooses what an index names. */
const mostManifests = 200;
const mostBlobs = 1_000;
const mostManifestBytes = 8 * 1024 * 1024;

/** How many blobs are looked up at once; the first missing one ends an image. */
const blobsAtOnce = 20;

/** Other work runs after this many manifests, or bytes of them. */
const manifestsPerTurn = 20;
const bytesPerTurn = 512 * 1024;

/**
 * Finds the first manifest at or below `root` that needs nothing more: an image with every blob stored,
 * or a manifest without contents. Walks level by level, visits each manifest once, and gives up at the
 * limits. Does not reject.
 */
export async function findComplete(
  context: Context,
  repository: Repository,
  root: CachedManifest,
): Promise<CachedManifest | undefined> {
  const depths = new Map<Digest, number>([[root.manifest.digest, 0]]);
  const loop = new EventLoop(context.runtime);
  let blobsLeft = mostBlobs;
  let bytesLeft = mostManifestBytes;
  // The iteration includes entries that are added during it.
  for (const [digest, depth] of depths) {
    const cached = depth === 0 ? root : await getManifest(context, repository, digest);
    const size = cached?.manifest.bytes.byteLength ?? 0;
    bytesLeft -= size;
    if (bytesLeft < 0) return undefined;
    await loop.turnAfter(size);
    if (cached === undefined) continue;
    const { summary } = cached;
    if (summary?.kind === 'index') {
      if (summary.choices.length === 0) return cached;
      if (depth === deepestIndex) continue;
      for (const choice of summary.choices) {
        if (depths.size > mostManifests) break;
        if (!depths.has(choice)) depths.set(choice, depth + 1);
      }
      continue;
    }
    const needed = summary?.needed ?? [];
    if (context.memory.complete.get(digest)) return cached;
    if (summary?.hasMore || needed.length > blobsLeft) continue;
    const lookups = await lookupsUntilMissing(context, needed);
    if (lookups === undefined) return cached;
    blobsLeft -= lookups;
  }
  return undefined;
}

/** How many blobs were looked up until one was missing or of another size; undefined if none was. */
async function lookupsUntilMissing(
  context: Context,
  needed: readonly NotedBlob[],
): Promise<number | undefined> {
  for (let at = 0; at < needed.length; at += blobsAtOnce) {
    const batch = needed.slice(at, at + blobsAtOnce);
    const stored = await Promise.all(batch.map(({ digest }) => context.blobs.stat(digest)));
    if (batch.some(({ size }, index) => stored[index]?.size !== size)) return at + batch.length;
  }
  return undefined;
}

/** Lets other work run: the stores of one machine answer without a turn of the event loop. */
class EventLoop {
  readonly #runtime: Pick<Runtime, 'sleep'>;
  #manifests = 0;
  #bytes = 0;

  constructor(runtime: Pick<Runtime, 'sleep'>) {
    this.#runtime = runtime;
  }

  async turnAfter(bytes: number): Promise<void> {
    this.#manifests += 1;
    this.#bytes += bytes;
    if (this.#manifests < manifestsPerTurn && this.#bytes < bytesPerTurn) return;
    this.#manifests = 0;
    this.#bytes = 0;
    await this.#runtime.sleep(0);
  }
}
