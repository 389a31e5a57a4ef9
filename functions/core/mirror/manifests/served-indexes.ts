import { keepNewest } from '../../concurrency/bounded-cache.ts';
import type { Digest } from '../../oci/digest.ts';
import { readManifest } from '../../oci/manifest.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { getManifest } from './manifest-cache.ts';

/** How long a client may take from an index to the last manifest in it, in ms. */
const servedLife = 3_600_000;

/** How many indexes of a repository are kept. */
const mostIndexes = 16;

/** Notes that a client got an index, and does not fall back for the manifests in it. */
export function noteServedIndex({ memory }: Context, source: Source, digest: Digest): void {
  const served = memory.servedIndexes.get(source.key);
  if (served?.has(digest)) return;
  const indexes = served ?? new Map<Digest, true>();
  keepNewest(indexes, digest, true, mostIndexes);
  memory.servedIndexes.set(source.key, indexes, servedLife);
}

/** Whether an index names this manifest that such a client got from here. */
export async function isOfServedIndex(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<boolean> {
  for (const served of context.memory.servedIndexes.get(source.key)?.keys() ?? []) {
    const index = await getManifest(context, source.repository, served);
    const { manifests = [] } = (index && readManifest(index.manifest)) ?? {};
    if (manifests.some((one) => one.digest === digest)) return true;
  }
  return false;
}
