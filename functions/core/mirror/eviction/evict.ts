import { reasonOf } from '../../ports/tolerate.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
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
export async function evict(context: Context, until = Number.POSITIVE_INFINITY): Promise<void> {
  const { storeBytes } = context.limits;
  if (storeBytes === Number.POSITIVE_INFINITY || context.runtime.now() >= until) return;
  await context.flights.evictions.run('all', async () => {
    await evictAlone(context, storeBytes, until).catch((error: unknown) => {
      context.runtime.observe({
        kind: 'store-failed',
        operation: 'evict',
        reason: reasonOf(error),
      });
    });
  });
}

async function evictAlone(context: Context, storeBytes: number, until: number): Promise<void> {
  if ((await context.ports.blobs.usedBytes()) <= storeBytes) return;
  const lease = await acquireLease(context, 'evict', evictionLeaseLife);
  // Another instance evicts.
  if (lease === undefined) return;
  const run = new EvictionRun(context, lease, until);
  try {
    // The one before may have made room since.
    const used = await context.ports.blobs.usedBytes();
    if (used <= storeBytes) return;
    run.excess = used - storeBytes * headroom;
    await evictExcess(context, run);
  } finally {
    await run.release();
  }
}

async function evictExcess(context: Context, run: EvictionRun): Promise<void> {
  const steps = context.evictionSteps;
  try {
    const taken = await evictUnnamed(context, run, Math.floor(steps / unnamedShare));
    await evictImages(context, run, steps - taken);
  } finally {
    // What was complete may not be any more.
    context.memory.complete.clear();
    context.runtime.observe({ kind: 'evicted', ...run.freed });
  }
}
