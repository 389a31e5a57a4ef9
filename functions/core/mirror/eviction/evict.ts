import { reasonOf } from '../../ports/tolerate.ts';
import { acquireLease } from '../across-instances.ts';
import type { Context } from '../context.ts';
import { deleteCondemned } from './condemned-blobs.ts';
import { evictAged, evictImages } from './images.ts';
import { KeptImages, shortestAge } from './kept-images.ts';
import { EvictionRun, evictionLeaseLife } from './run.ts';
import { evictUnreferenced } from './unreferenced-blobs.ts';

/** The part of the limit that eviction frees space down to, so that the next blob does not start it. */
const target = 0.95;

/** The share of a limited run's steps that goes to unreferenced blobs, and to condemned ones. */
const unreferencedShare = 1 / 4;
const condemnedShare = 1 / 2;

/** And to images that are past their time, which are looked for this often, in ms. */
const agedShare = 1 / 2;
const ageInterval = 3_600_000;

/**
 * Evicts until the blob store is within its limit: first blobs that no manifest names, then the least
 * recently pulled images, each manifest before its blobs. Keeps blobs that a remaining manifest names or
 * that are being filled. Where clients read from the bucket, their bytes are deleted by a later run, once
 * nobody reads them any more. A store that counts its bytes beside the blobs is recounted now and then.
 * One instance evicts at a time. Where the platform limits a process, a run ends
 * at `until` (ms since 1970) or after its steps, and the next fill's run continues. Does not reject.
 */
export async function evict(context: Context, until = Number.POSITIVE_INFINITY): Promise<void> {
  const { storeBytes } = context.limits;
  const isUnlimited = storeBytes === Number.POSITIVE_INFINITY;
  const hasAges = shortestAge(context) !== undefined;
  if (isUnlimited && !hasAges && context.ports.blobs.condemnation === undefined) return;
  if (context.runtime.now() >= until) return;
  await context.flights.evictions.run('all', async () => {
    await evictUnderLease(context, storeBytes, until).catch((error: unknown) => {
      const reason = reasonOf(error);
      context.runtime.observe({ kind: 'store-failed', operation: 'evict', reason });
    });
  });
}

async function evictUnderLease(context: Context, storeBytes: number, until: number): Promise<void> {
  const { blobs } = context.ports;
  const isDue = async () =>
    isAgeDue(context) ||
    ((await blobs.condemnation?.due(1)) ?? []).length > 0 ||
    (await blobs.recount?.isDue()) === true;
  if ((await usedBytes(context)) <= storeBytes && !(await isDue())) return;
  const lease = await acquireLease(context, 'evict', evictionLeaseLife);
  // Another instance evicts.
  if (lease === undefined) return;
  const run = new EvictionRun(context, lease, until);
  try {
    const steps = context.evictionSteps;
    const kept = new KeptImages(context);
    let taken = await deleteCondemned(context, run, Math.floor(steps * condemnedShare));
    await blobs.recount?.run(() => run.hasTime());
    if (isAgeDue(context)) {
      taken += await evictAged(context, run, kept, Math.floor((steps - taken) * agedShare));
      context.memory.aged.set('all', true, ageInterval);
    }
    // The previous holder may have freed space meanwhile.
    run.excess = await excessOf(context);
    if (run.excess <= 0) return reportFreed(context, run);
    await evictExcess(context, run, kept, steps - taken);
  } finally {
    await run.release();
  }
}

/** How many bytes are to be freed, because the store exceeds its limit; 0 if it does not. */
export async function excessOf(context: Context): Promise<number> {
  const { storeBytes } = context.limits;
  const used = await usedBytes(context);
  return used <= storeBytes ? 0 : used - storeBytes * target;
}

/**
 * The bytes of the blobs and, where the store knows it, of the index. The index counts for at most half
 * of the limit: rows that are not images' would otherwise evict every image of a small store.
 */
async function usedBytes({ ports: { blobs, manifests }, limits }: Context): Promise<number> {
  const index = (await manifests.usedBytes?.()) ?? 0;
  return (await blobs.usedBytes()) + Math.min(index, limits.storeBytes / 2);
}

/** Whether this instance should look for images that are past their time. */
function isAgeDue(context: Context): boolean {
  if (context.memory.aged.get('all')) return false;
  return shortestAge(context) !== undefined;
}

/** Reports what was freed, if anything was. */
function reportFreed(context: Context, run: EvictionRun): void {
  if (run.freed.manifests === 0 && run.freed.blobs === 0) return;
  context.memory.complete.clear();
  observeFreed(context, run);
}

async function evictExcess(
  context: Context,
  run: EvictionRun,
  kept: KeptImages,
  steps: number,
): Promise<void> {
  try {
    const taken = await evictUnreferenced(context, run, Math.floor(steps * unreferencedShare));
    if (!(await evictImages(context, run, kept, steps - taken))) {
      const bytes = Math.ceil(run.excess - run.freed.bytes);
      context.runtime.observe({ kind: 'pins-exceed-limit', bytes });
    }
  } finally {
    // Images may no longer be complete.
    context.memory.complete.clear();
    observeFreed(context, run);
  }
}

function observeFreed({ runtime }: Context, { freed }: EvictionRun): void {
  runtime.observe({ kind: 'evicted', ...freed, history: freed.history || undefined });
}
