import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/repository.ts';

/** A blob to fetch from a repository's upstream and store. */
export interface FillJob {
  readonly repository: Repository;
  readonly blob: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>;
  /** The repository's manifest that names the blob, if known. */
  readonly manifest?: Digest | undefined;
  /** `PutOutcome.progress` of a paused put. */
  readonly progress?: string | undefined;
  /** The fence of the blob's lease, which a paused put hands on with its progress. */
  readonly fence?: number | undefined;
  /** Until then no other job for this blob, size and registry is queued, in ms since 1970. */
  readonly reservedUntil?: number | undefined;
  /** How often it was deferred. */
  readonly deferrals?: number | undefined;
  /** How often it was delivered in another message, which it left for one of its own. */
  readonly deliveries?: number | undefined;
}

/** What a queue must do with a job after its handler ran. */
export type FillOutcome =
  | { readonly kind: 'done' }
  /** Deliver it again, after `afterSeconds` at the earliest. */
  | { readonly kind: 'retry'; readonly afterSeconds: number; readonly reason: string }
  /** It was not tried: deliver it after `afterSeconds` at the earliest, as if for the first time. */
  | { readonly kind: 'deferred'; readonly afterSeconds: number; readonly reason: string }
  /** Drop it: the blob is refused, or its bytes are wrong. */
  | { readonly kind: 'given-up'; readonly reason: string };

/**
 * Called by a queue for each job. `delivery` counts the deliveries of the job, this one included; it
 * is more than 1 if the queue cannot tell. Never rejects.
 */
export type FillHandler = (
  job: FillJob,
  signal: AbortSignal,
  delivery: number,
) => Promise<FillOutcome>;

/**
 * The queue of fills.
 *
 * A job that `enqueue` accepted is handled at least once, even if the request that enqueued it ends or
 * the process dies. The same blob may be handled twice; jobs have no order.
 */
export interface FillQueue {
  enqueue(jobs: readonly FillJob[]): Promise<void>;
}
