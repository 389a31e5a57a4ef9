import type { FillJob } from '../ports/fill-queue.ts';
import type { Context } from './context.ts';
import { registryBlobKey } from './memory.ts';

/** How long this instance does not queue the fill of a blob again, in ms. */
const queuedLife = 60_000;

/** Queues fills, but for those that were queued a moment ago. Does not reject. */
export async function enqueueFills(context: Context, jobs: readonly FillJob[]): Promise<void> {
  const fresh = jobs.filter((job) => context.memory.queued.get(keyOf(job)) === undefined);
  if (fresh.length === 0) return;
  if ((await context.attempt.queue.enqueue(fresh)) === undefined) {
    for (const job of fresh) context.memory.queued.set(keyOf(job), true, queuedLife);
  }
}

/** Another registry's job, or one of another size, is another: this one may come to nothing. */
function keyOf({ repository: { registry }, blob: { digest, size } }: FillJob): string {
  return `${registryBlobKey(registry, digest)}:${size}`;
}
