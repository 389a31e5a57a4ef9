import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import type { Parts } from '../parts.ts';
import { BlobRefused } from './upstream-source.ts';

/** How long a job waits for another instance that fills the same blob, in seconds. */
const otherFillerPause = 30;
const failurePause = 10;
const mismatchPause = 60;

/** Does one job of the fill queue. It does not reject. */
export async function handleFill(parts: Parts, job: FillJob): Promise<FillOutcome> {
  try {
    if ((await parts.blobs.stat(job.blob.digest)) !== undefined) return { kind: 'done' };
    const fill = await parts.fills.start(job.repository, job.blob);
    if (fill === undefined) {
      return { kind: 'retry', afterSeconds: otherFillerPause, reason: 'another instance fills it' };
    }
    const outcome = await fill.done;
    if (outcome.kind === 'mismatch') {
      return { kind: 'retry', afterSeconds: mismatchPause, reason: outcome.reason };
    }
    return { kind: 'done' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof BlobRefused) return { kind: 'given-up', reason };
    const asked = error instanceof UpstreamError ? error.retryAfter : undefined;
    return { kind: 'retry', afterSeconds: asked ?? failurePause, reason };
  }
}
