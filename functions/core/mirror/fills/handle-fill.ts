import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { reasonOf } from '../asking/go-on-without.ts';
import { noteComplete } from '../manifests/note-complete.ts';
import type { Parts } from '../parts.ts';
import { leaseLife } from './fills.ts';
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
      // The other may be dead, and this its job that came back: it is not dropped before its lease.
      if (fill === undefined) {
        const reason = 'another instance fills it';
        return { kind: 'retry', afterSeconds: leaseLife / 1000, reason };
      }
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
    const reason = reasonOf(error);
    if (error instanceof BlobRefused) return { kind: 'given-up', reason };
    const asked = error instanceof UpstreamError ? error.retryAfter : undefined;
    return { kind: 'retry', afterSeconds: asked ?? failurePause, reason };
  }
}
