import { reasonOf } from '../../ports/tolerate.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { evictImages } from './images.ts';
import { EvictionRun, evictionLeaseLife } from './run.ts';
import { evictUnreferenced } from './unreferenced-blobs.ts';

/** The part of the limit that eviction frees space down to, so that the next blob does not start it. */
const target = 0.95;

/** The share of a limited run's steps that goes to unreferenced blobs. */
const unreferencedShare = 1 / 4;

/**
 * Evicts until the blob store is within its limit: first blobs that no manifest names, then the least
 * recently pulled images, each manifest before its blobs. Keeps blobs that a remaining manifest names or
 * that are being filled. One instance evicts at a time. Where the platform limits a process, a run ends
 * at `until` (ms since 1970) or after its steps, and the next fill's run continues. Does not reject.
 */
export async function evict(context: Context, until = Number.POSITIVE_INFINITY): Promise<void> {
  const { storeBytes } = context.limits;
  if (storeBytes === Number.POSITIVE_INFINITY || context.runtime.now() >= until) return;
  await context.flights.evictions.run('all', async () => {
    await evictUnderLease(context, storeBytes, until).catch((error: unknown) => {
      const reason = reasonOf(error);
      context.runtime.observe({ kind: 'store-failed', operation: 'evict', reason });
    });
  });
}

async function evictUnderLease(context: Context, storeBytes: number, until: number): Promise<void> {
  const { blobs } = context.ports;
  if ((await blobs.usedBytes()) <= storeBytes) return;
  const lease = await acquireLease(context, 'evict', evictionLeaseLife);
  // Another instance evicts.
  if (lease === undefined) return;
  const run = new EvictionRun(context, lease, until);
  try {
    // The previous holder may have freed space meanwhile.
    const used = await blobs.usedBytes();
    if (used <= storeBytes) return;
    run.excess = used - storeBytes * target;
    await evictExcess(context, run);
  } finally {
    await run.release();
  }
}

async function evictExcess(context: Context, run: EvictionRun): Promise<void> {
  const steps = context.evictionSteps;
  try {
    const taken = await evictUnreferenced(context, run, Math.floor(steps * unreferencedShare));
    await evictImages(context, run, steps - taken);
  } finally {
    // Images may no longer be complete.
    context.memory.complete.clear();
    context.runtime.observe({ kind: 'evicted', ...run.freed });
  }
}
