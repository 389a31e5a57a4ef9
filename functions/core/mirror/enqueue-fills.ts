import type { FillJob } from '../ports/fill-queue.ts';
import type { Lease } from '../ports/leases.ts';
import type { Context } from './context.ts';
import { registryBlobKey } from './memory.ts';

/** How long no instance queues the same fill again, in ms. */
const queuedLife = 60_000;

/**
 * How long this instance believes that another one queued a fill, in ms. That one may have died before,
 * so that a later pull must queue it.
 */
const believedLife = 15_000;

/**
 * Queues fills, except those that an instance queued within the last minute: each message costs several
 * calls and an invocation. Where others fill, the leases of a minute decide who queues a fill; without
 * them, every instance does. Does not reject.
 */
export async function enqueueFills(context: Context, jobs: readonly FillJob[]): Promise<void> {
  const { queued } = context.memory;
  const fresh = new Map(
    jobs.map((job) => [keyOf(job), job] as const).filter(([key]) => queued.get(key) === undefined),
  );
  if (fresh.size === 0) return;
  const leases = await acquireLeases(context, [...fresh.keys()]);
  if (leases === 'busy') return;
  const mine = leases && new Map(leases.map(({ key, expires }) => [key, expires]));
  for (const [key, job] of mine === undefined ? [] : fresh) {
    const expires = mine?.get(leaseKey(key));
    if (expires !== undefined) {
      fresh.set(key, { ...job, reservedUntil: Math.floor(expires) });
      continue;
    }
    fresh.delete(key);
    queued.set(key, true, believedLife);
  }
  if (fresh.size === 0) return;
  if ((await context.attempt.queue.enqueue([...fresh.values()])) === undefined) {
    for (const key of fresh.keys()) queued.set(key, true, queuedLife);
    return;
  }
  // The next pull queues them, at any instance.
  await Promise.all((leases ?? []).map((lease) => context.leases.release(lease)));
}

/** The same for one fill, which another instance probably queued: so it looks before it writes. */
export async function enqueueFill(context: Context, job: FillJob): Promise<void> {
  const key = keyOf(job);
  if (context.memory.queued.get(key) !== undefined) return;
  return context.flights.enqueues.run(key, async () => {
    if (context.missingBlobs.otherInstancesFill) {
      const state = await context.attempt.leases.look(leaseKey(key));
      if (state === 'busy') return;
      if (state !== 'failed' && state.isHeld) {
        context.memory.queued.set(key, true, believedLife);
        return;
      }
    }
    await enqueueFills(context, [job]);
  });
}

/** Leases of fills that no instance queued; undefined if there are none that could tell. */
async function acquireLeases(
  context: Context,
  keys: readonly string[],
): Promise<readonly Lease[] | 'busy' | undefined> {
  if (!context.missingBlobs.otherInstancesFill) return undefined;
  const leases = await context.attempt.leases.acquireMany(keys.map(leaseKey), queuedLife);
  return leases === 'failed' ? undefined : leases;
}

/** Jobs of another registry or size are different: this one may fail. */
function keyOf({ repository: { registry }, blob: { digest, size } }: FillJob): string {
  return `${registryBlobKey(registry, digest)}:${size}`;
}

function leaseKey(key: string): string {
  return `queued:${key}`;
}
