import { goOnWithout } from '../../ports/tolerate.ts';
import { acquireLease } from '../across-instances.ts';
import type { Parts } from '../context.ts';
import { evictImages } from './images.ts';
import { EvictionRun, evictionLeaseLife } from './run.ts';
import { evictUnnamed } from './unnamed-blobs.ts';

/** Evicting goes on below the bound, so that it is not due again with the next blob. */
const headroom = 0.95;

/** Where a run is bounded, one of so many of its steps looks for blobs that nothing names. */
const unnamedShare = 4;

/**
 * Brings the blob store under its bound: first blobs that no manifest names, then the images that
 * were pulled longest ago, each manifest before its blobs. A blob that a kept manifest names, or
 * that is being filled, stays. One instance evicts at a time. Where the platform bounds a process a
 * run does a part of it, until `until` (ms since 1970), and the next fill's goes on. Does not
 * reject.
 */
export async function evict(parts: Parts, until = Number.POSITIVE_INFINITY): Promise<void> {
  const { storeBytes } = parts.limits;
  if (storeBytes === Number.POSITIVE_INFINITY || parts.runtime.now() >= until) return;
  await parts.flights.evictions.run('all', async () => {
    await goOnWithout(parts, 'evict', evictAlone(parts, storeBytes, until));
  });
}

async function evictAlone(parts: Parts, storeBytes: number, until: number): Promise<void> {
  if ((await parts.blobs.usedBytes()) <= storeBytes) return;
  const lease = await acquireLease(parts, 'evict', evictionLeaseLife);
  // Another instance evicts.
  if (lease === undefined) return;
  const run = new EvictionRun(parts, lease, until);
  try {
    // The one before may have made room since.
    const used = await parts.blobs.usedBytes();
    if (used <= storeBytes) return;
    run.excess = used - storeBytes * headroom;
    await evictExcess(parts, run);
  } finally {
    await run.release();
  }
}

async function evictExcess(parts: Parts, run: EvictionRun): Promise<void> {
  const steps = parts.evictionSteps;
  try {
    const taken = await evictUnnamed(parts, run, Math.floor(steps / unnamedShare));
    await evictImages(parts, run, steps - taken);
  } finally {
    // What was complete may not be any more.
    parts.memory.complete.clear();
    parts.runtime.observe({ kind: 'evicted', ...run.freed });
  }
}
