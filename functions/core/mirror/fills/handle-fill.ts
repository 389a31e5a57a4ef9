import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Context } from '../context.ts';
import { evict } from '../eviction/evict.ts';
import { noteComplete } from '../manifests/completeness.ts';
import type { FillEnd } from '../running-fill.ts';
import { BlobRefused } from './blob-refusal.ts';
import { leaseLife } from './fills.ts';

/** The pause after a failure, in seconds: it doubles with each delivery, up to the longest. */
const firstPause = 10;
const longestPause = 1_800;

/** The least pause after wrong bytes, in seconds: a cache on the way may have to forget them. */
const mismatchPause = 60;

/** How a job of the fill queue is done. */
export interface FillLimits {
  /** When the process may have to end, in ms since 1970: the fill pauses there and is queued again. */
  readonly pauseAt?: number | undefined;
  /** How often the job was handed out, this time included; 1 when absent. */
  readonly delivery?: number | undefined;
}

/** Does one job of the fill queue. It does not reject. */
export async function handleFill(
  context: Context,
  job: FillJob,
  { pauseAt, delivery = 1 }: FillLimits = {},
): Promise<FillOutcome> {
  const { registry } = job.repository;
  if (!context.sources.has(registry)) {
    return { kind: 'given-up', reason: `${registry} is not configured any more` };
  }
  const isFirst = delivery === 1;
  const retry = (reason: string, least = 0): FillOutcome => {
    const pause = Math.min(firstPause * 2 ** (delivery - 1), longestPause);
    return { kind: 'retry', afterSeconds: Math.max(least, pause), reason };
  };
  try {
    const { progress } = job;
    // A put with progress ends what is left of its upload, also when the blob came another way.
    if (progress !== undefined || (await context.ports.blobs.stat(job.blob.digest)) === undefined) {
      // Of a later delivery the one before may be at work still, by the same lease.
      const fence = isFirst ? job.fence : undefined;
      const pace = { progress, pauseAt, fence };
      const fill = await context.fills.start(job.repository, job.blob, pace);
      if (fill === undefined) {
        // The filler has a job of its own, which comes back if it dies. On a later delivery this may
        // be that job, and with progress it is the only one of its upload.
        if (isFirst && progress === undefined) return { kind: 'done' };
        return retry('another instance fills it', leaseLife / 1000);
      }
      const end = await fill.done;
      if (end.kind === 'mismatch') return retry(end.reason, mismatchPause);
      if (end.kind === 'paused') {
        await queueRest(context, job, end);
        return { kind: 'done' };
      }
    }
    await noteComplete(context, job.repository, job.manifest);
    // This process may end with the job: another evicts behind its fills.
    if (pauseAt !== undefined) await evict(context, pauseAt);
    return { kind: 'done' };
  } catch (error) {
    const reason = reasonOf(error);
    if (error instanceof BlobRefused) return { kind: 'given-up', reason };
    return retry(reason, error instanceof UpstreamError ? error.retryAfter : undefined);
  }
}

/** Queues what is left of a job, with the lease: nobody else may begin at the start meanwhile. */
async function queueRest(
  context: Context,
  job: FillJob,
  { progress, lease }: Extract<FillEnd, { kind: 'paused' }>,
): Promise<void> {
  try {
    await context.ports.queue.enqueue([{ ...job, progress, fence: lease.fence }]);
  } catch (error) {
    // This job comes again instead, and has to get the lease.
    await context.leases.release(lease);
    throw error;
  }
}
