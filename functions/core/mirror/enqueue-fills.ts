import type { FillJob } from '../ports/fill-queue.ts';
import { goOnWithout } from '../ports/tolerate.ts';
import { type Parts, registryBlobKey } from './context.ts';

/** How long this instance does not queue the fill of a blob again, in ms. */
const queuedLife = 60_000;

/** Queues fills, but for those that were queued a moment ago. Does not reject. */
export async function enqueueFills(parts: Parts, jobs: readonly FillJob[]): Promise<void> {
  const fresh = jobs.filter((job) => parts.memory.queued.get(keyOf(job)) === undefined);
  if (fresh.length === 0) return;
  const accepted = parts.queue.enqueue(fresh).then(() => true);
  if (await goOnWithout(parts, 'queue fills', accepted)) {
    for (const job of fresh) parts.memory.queued.set(keyOf(job), true, queuedLife);
  }
}

/** Another registry's job, or one of another size, is another: this one may come to nothing. */
function keyOf({ repository: { registry }, blob: { digest, size } }: FillJob): string {
  return `${registryBlobKey(registry, digest)}:${size}`;
}
