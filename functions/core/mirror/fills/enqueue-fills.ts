import type { FillJob } from '../../ports/fill-queue.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import type { Parts } from '../parts.ts';

/** How long this instance does not queue the fill of a blob again, in ms. */
const queuedLife = 60_000;

/** Queues fills, but for those that were queued a moment ago. Does not reject. */
export async function enqueueFills(parts: Parts, jobs: readonly FillJob[]): Promise<void> {
  const fresh = jobs.filter(({ blob }) => parts.memory.queued.get(blob.digest) === undefined);
  if (fresh.length === 0) return;
  const accepted = parts.queue.enqueue(fresh).then(() => true);
  if (await goOnWithout(parts, 'queue fills', accepted)) {
    for (const { blob } of fresh) parts.memory.queued.set(blob.digest, true, queuedLife);
  }
}
