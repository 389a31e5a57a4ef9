import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/repository.ts';

/** A blob to fetch from the upstream of a repository and to store. */
export interface FillJob {
  readonly repository: Repository;
  readonly blob: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>;
  /** The manifest of the repository that named the blob, if one did. */
  readonly manifest?: Digest | undefined;
  /** What a put that was paused left for the next one; at most 60 KB. */
  readonly progress?: string | undefined;
  /** The fence of the blob's lease, which a put that was paused hands on with its progress. */
  readonly fence?: number | undefined;
}

/** What a queue does with a job after its handler ran. */
export type FillOutcome =
  | { readonly kind: 'done' }
  /** To be tried again, at the earliest after so many seconds. */
  | { readonly kind: 'retry'; readonly afterSeconds: number; readonly reason: string }
  /** Never to be tried again: the blob is refused or its bytes are wrong. */
  | { readonly kind: 'given-up'; readonly reason: string };

/**
 * What a queue calls for each job. `delivery` is how often the job was handed out, this time
 * included; where the queue cannot tell, it is more than 1. It does not reject.
 */
export type FillHandler = (
  job: FillJob,
  signal: AbortSignal,
  delivery: number,
) => Promise<FillOutcome>;

/**
 * The fills to be made.
 *
 * A job accepted by `enqueue` is handled at least once, also when the request that brought it has
 * ended and when the process dies. The same blob may be handled twice; jobs have no order.
 */
export interface FillQueue {
  enqueue(jobs: readonly FillJob[]): Promise<void>;
}
