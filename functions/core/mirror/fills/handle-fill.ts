import type { FillJob, FillOutcome } from '../../ports/fill-queue.ts';
import { reasonOf } from '../../ports/tolerate.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { BlobRefused, type FillOptions, type FillResult } from '../blob-fill.ts';
import type { Context } from '../context.ts';
import { evict } from '../eviction/evict.ts';
import { noteComplete } from '../manifests/completeness.ts';
import { confirmPins } from '../tags/pinned-tags.ts';
import { leaseLife } from './fill-lease.ts';
import { defer, type FillPlace, takePlace } from './registry-share.ts';

/** The pause after a failure, in seconds: it doubles with each delivery, up to the longest. */
const firstPause = 10;
const longestPause = 1_800;

/** The shortest pause after wrong bytes, in seconds: a cache on the way may have to drop them. */
const mismatchPause = 60;

export interface DeliveryOptions {
  /** When the process may have to end, in ms since 1970: the fill pauses there and is queued again. */
  readonly pauseAt?: number | undefined;
  /** How often the job was delivered, including this time; 1 by default. */
  readonly delivery?: number | undefined;
  /**
   * How many fills all instances together run at once. Set it where a queue does not share them
   * between the registries itself.
   */
  readonly concurrency?: number | undefined;
}

/** Handles one job of the fill queue. It does not reject. */
export async function handleFill(
  context: Context,
  job: FillJob,
  options?: DeliveryOptions,
): Promise<FillOutcome> {
  const [outcome] = await handleFills(context, [job], options);
  return outcome;
}

/**
 * Handles the jobs of one message, whose blobs are of one repository, side by side. They share one of the
 * registry's places, and the work after them. The outcomes are in their order. It does not reject.
 */
export async function handleFills<Jobs extends readonly [FillJob, ...FillJob[]]>(
  context: Context,
  jobs: Jobs,
  options: DeliveryOptions = {},
): Promise<{ [At in keyof Jobs]: FillOutcome }> {
  const { registry } = jobs[0].repository;
  let taken: Promise<FillPlace | undefined> | undefined;
  const place = () => {
    taken ??= takePlace(context, registry, options.concurrency);
    return taken;
  };
  // Blobs that are stored at about the same time are counted together.
  const countsLater = jobs.length > 1;
  const stored: FillJob[] = [];
  const handle = async (job: FillJob): Promise<FillOutcome> => {
    const outcome = await fillOne(context, job, { ...options, countsLater }, place);
    if (outcome !== 'stored') return outcome;
    stored.push(job);
    return { kind: 'done' };
  };
  const outcomes = await Promise.all(jobs.map(handle));
  if (countsLater) await context.blobs.countLate?.();
  await (await taken)?.release();
  if (stored.length > 0) {
    const images = new Map(stored.map(({ repository, manifest }) => [manifest, repository]));
    for (const [manifest, repository] of images) await noteComplete(context, repository, manifest);
    const { pauseAt } = options;
    // This process may end with the jobs, so it evicts now and not in the background.
    if (pauseAt !== undefined) {
      await evict(context, pauseAt);
      await confirmPins(context, pauseAt);
    }
  }
  return outcomes as { [At in keyof Jobs]: FillOutcome };
}

/** What happened to a job; `stored` if its blob is. */
async function fillOne(
  context: Context,
  job: FillJob,
  {
    pauseAt,
    countsLater,
    delivery: deliveries = 1,
  }: DeliveryOptions & Pick<FillOptions, 'countsLater'>,
  takeItsPlace: () => Promise<FillPlace | undefined>,
): Promise<FillOutcome | 'stored'> {
  const { registry } = job.repository;
  if (!context.sources.has(registry)) {
    return { kind: 'given-up', reason: `${registry} is no longer configured` };
  }
  const delivery = deliveries + (job.deliveries ?? 0);
  const isFirst = delivery === 1;
  const retry = (reason: string, least = 0): FillOutcome => {
    const pause = Math.min(firstPause * 2 ** (delivery - 1), longestPause);
    return { kind: 'retry', afterSeconds: Math.max(least, pause), reason };
  };
  try {
    const { progress } = job;
    // With progress, the put also ends its upload if the blob was stored in another way.
    const isStored =
      progress === undefined && (await context.ports.blobs.stat(job.blob.digest)) !== undefined;
    if (isStored) return 'stored';
    if ((await takeItsPlace()) === undefined) {
      const deferred = defer(job, context.runtime.random());
      // Deferring it anew would reset the queue's count of a job that fails.
      return isFirst ? deferred : retry(deferred.reason);
    }
    // On a later delivery, the previous handler may still work under the same lease.
    const claim = isFirst ? { fence: job.fence, reservedUntil: job.reservedUntil } : {};
    await context.sources.recallPublic(job.repository);
    const isNamed = await isNamedBlob(context, job);
    const options = { progress, pauseAt, countsLater, isNamed, ...claim };
    const fill = await context.fills.start(job.repository, job.blob, options);
    if (fill === undefined) {
      // The holder of the lease has its own job, which is redelivered if it dies. On a later
      // delivery this may be that job, and with progress it is the only job of its upload.
      if (isFirst && progress === undefined) return { kind: 'done' };
      return retry('another instance is filling the blob', leaseLife / 1000);
    }
    const result = await fill.done;
    if (result.kind === 'mismatch') return retry(result.reason, mismatchPause);
    if (result.kind === 'stored') return 'stored';
    await queueRest(context, job, result);
    return { kind: 'done' };
  } catch (error) {
    const reason = reasonOf(error);
    if (error instanceof BlobRefused) return { kind: 'given-up', reason };
    return retry(reason, error instanceof UpstreamError ? error.retryAfter : undefined);
  }
}

/** Whether a manifest names the blob, which only matters if other registries may send it. */
async function isNamedBlob(context: Context, { repository, blob, manifest }: FillJob) {
  if (manifest !== undefined) return true;
  if (context.sources.of(repository).alternates === undefined) return false;
  return (await context.manifests.getBlobEntry(repository, blob.digest)) !== undefined;
}

/** Queues the rest of a job and passes the lease on, so that no other fill starts meanwhile. */
async function queueRest(
  context: Context,
  job: FillJob,
  { progress, lease }: Extract<FillResult, { kind: 'paused' }>,
): Promise<void> {
  try {
    const ended = { reservedUntil: undefined, deferrals: undefined, deliveries: undefined };
    const rest = { ...job, progress, fence: lease?.fence, ...ended };
    await context.ports.queue.enqueue([rest]);
  } catch (error) {
    // This job is redelivered instead, and must be able to get the lease.
    if (lease !== undefined) await context.leases.release(lease);
    throw error;
  }
}
