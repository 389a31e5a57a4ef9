import type { FillJob } from '../ports/fill-queue.ts';
import type { Context } from './context.ts';
import { registryBlobKey } from './memory.ts';

/** How long this instance does not queue the same fill again, in ms. */
const queuedLife = 60_000;

/** Queues fills, except those it queued recently. Does not reject. */
export async function enqueueFills(context: Context, jobs: readonly FillJob[]): Promise<void> {
  const { queued } = context.memory;
  const fresh = jobs.filter((job) => queued.get(keyOf(job)) === undefined);
  if (fresh.length === 0) return;
  if ((await context.attempt.queue.enqueue(fresh)) === undefined) {
    for (const job of fresh) queued.set(keyOf(job), true, queuedLife);
  }
}

/** Jobs of another registry or size are different: this one may fail. */
function keyOf({ repository: { registry }, blob: { digest, size } }: FillJob): string {
  return `${registryBlobKey(registry, digest)}:${size}`;
}
