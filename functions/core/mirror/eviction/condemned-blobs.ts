import type { Context } from '../context.ts';
import type { EvictionRun } from './run.ts';

/** How many condemned blobs are listed at a time. */
const batch = 50;

/**
 * The second step: deletes blobs whose time is over, at most `steps`. Restores those that a manifest
 * names again. Resolves to the steps taken.
 */
export async function deleteCondemned(
  { ports }: Context,
  run: EvictionRun,
  steps: number,
): Promise<number> {
  const { condemnation } = ports.blobs;
  let taken = 0;
  while (condemnation !== undefined && taken < steps) {
    const limit = Math.min(batch, steps - taken);
    const due = await condemnation.due(limit);
    for (const blob of due) {
      if (!(await run.hasTime())) return taken;
      taken += 1;
      if (await ports.manifests.isBlobNamed(blob.digest)) await condemnation.restore(blob.digest);
      else await condemnation.erase(blob);
    }
    // Another instance may hold the claims of the rest.
    if (due.length < limit) break;
  }
  return taken;
}
