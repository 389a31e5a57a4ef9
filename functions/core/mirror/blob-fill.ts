import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/repository.ts';
import type { BlobPut, PutOptions, PutOutcome, WantedBlob } from '../ports/blob-store.ts';
import type { Lease } from '../ports/leases.ts';
import type { Refused } from '../ports/upstream.ts';

type Paused = Extract<PutOutcome, { kind: 'paused' }>;

/** How a fill ended. A paused one still holds the blob's lease, if it has one, for the fill that continues it. */
export type FillResult =
  | Exclude<PutOutcome, { kind: 'paused' }>
  | (Paused & { readonly lease: Lease | undefined });

/** A blob on its way from an upstream into the store. */
export interface Fill {
  readonly put: BlobPut;
  /** Resolves when the store accepted the upstream's first bytes; rejects when there are none. */
  readonly answered: Promise<void>;
  /** False while no byte was requested from the upstream, because the store already had the blob. */
  isFetched(): boolean;
  /** Rejects with an UpstreamError, a BlobRefused, or the store's own error. */
  readonly done: Promise<FillResult>;
}

/** Where a fill starts, when it pauses, and when its blob is counted. */
export interface FillOptions extends Pick<PutOptions, 'progress' | 'pauseAt' | 'countsLater'> {
  /** The fence of the lease that a paused fill passed on. */
  readonly fence?: number | undefined;
  /** True if a manifest of the repository names the blob: then alternates may send it. */
  readonly isNamed?: boolean | undefined;
  /** Until when no other instance gets a job for the blob, in ms since 1970. */
  readonly reservedUntil?: number | undefined;
}

/** The fills of this instance. */
export interface Fills {
  /** True if this instance is filling the blob: from this registry, or from any. */
  isFilling(digest: Digest, registry?: string): boolean;

  /** True for a while after the store aborted a blob: clients should not follow a fill then. */
  readonly storeFails: boolean;

  /**
   * Joins the running fill of the blob from this repository's registry, or starts one; undefined while
   * another instance holds the lease. A fill that was started for another repository rejects with a
   * JoinedFillRefused when that repository gets a BlobRefused.
   */
  start(repository: Repository, blob: WantedBlob, options?: FillOptions): Promise<Fill | undefined>;

  /** Stops all fills and resolves when none runs. Incomplete blobs do not become visible. */
  stop(): Promise<void>;
}

/** The upstream does not have the blob, or denies it: retrying is pointless. */
export class BlobRefused extends Error {
  override readonly name = 'BlobRefused';
  readonly refusal: Refused;

  constructor(refusal: Refused) {
    super(`the upstream answered that the blob is ${refusal.kind}`);
    this.refusal = refusal;
  }
}

/**
 * The fill was started for another repository, to which the upstream refused the blob. Once that fill
 * ends, this repository can start its own.
 */
export class JoinedFillRefused extends Error {
  override readonly name = 'JoinedFillRefused';

  /** `key` is the other repository's: `docker.io/library/alpine`. */
  constructor(key: string) {
    super(`the upstream refused the blob to ${key}, for which this fill was started`);
  }
}
