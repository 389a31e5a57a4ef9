import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { noteComplete } from '../manifests/note-complete.ts';
import type { Parts } from '../parts.ts';
import { BlobRefused } from './upstream-source.ts';

const failurePause = 10;
const mismatchPause = 60;

/** Does one job of the fill queue, until `pauseAt` (ms since 1970). It does not reject. */
export async function handleFill(
  parts: Parts,
  job: FillJob,
  pauseAt: number | undefined,
): Promise<FillOutcome> {
  try {
    if ((await parts.blobs.stat(job.blob.digest)) === undefined) {
      const { progress } = job;
      const fill = await parts.fills.start(job.repository, job.blob, { progress, pauseAt });
      // Another instance fills it, and has a job of the queue for that: this one is too many.
      if (fill === undefined) return { kind: 'done' };
      const outcome = await fill.done;
      if (outcome.kind === 'mismatch') {
        return { kind: 'retry', afterSeconds: mismatchPause, reason: outcome.reason };
      }
      if (outcome.kind === 'paused') {
        await parts.queue.enqueue([{ ...job, progress: outcome.progress }]);
        return { kind: 'done' };
      }
    }
    await noteComplete(parts, job.repository, job.manifest);
    return { kind: 'done' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof BlobRefused) return { kind: 'given-up', reason };
    const asked = error instanceof UpstreamError ? error.retryAfter : undefined;
    return { kind: 'retry', afterSeconds: asked ?? failurePause, reason };
  }
}
