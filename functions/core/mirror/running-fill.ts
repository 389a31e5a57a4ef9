import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/repository.ts';
import type { BlobPut, PutOptions, PutOutcome, WantedBlob } from '../ports/blob-store.ts';
import type { Lease } from '../ports/leases.ts';

type Paused = Extract<PutOutcome, { kind: 'paused' }>;

/** How a fill ended. One that paused still holds the blob's lease: it is for the next to go on with. */
export type FillEnd =
  | Exclude<PutOutcome, { kind: 'paused' }>
  | (Paused & { readonly lease: Lease });

/** A blob on its way from an upstream into the store. */
export interface Fill {
  readonly put: BlobPut;
  /**
   * Resolves when the upstream's first bytes are there and the store took them; rejects when there
   * are none, or the store takes none.
   */
  readonly answered: Promise<void>;
  /** False while the upstream was not asked for a byte, as the store had the blob already. */
  isFetched(): boolean;
  /** Rejects with an UpstreamError, a BlobRefused, or the store's own error. */
  readonly done: Promise<FillEnd>;
}

/** From where, and until when, a fill goes on. */
export interface FillPace extends Pick<PutOptions, 'progress' | 'pauseAt'> {
  /** Of the lease that the fill before this one handed on. */
  readonly fence?: number | undefined;
}

/** Who starts fills, and knows of those under way here. */
export interface Filling {
  /** Whether a fill of the blob is under way here: of this registry, or of any. */
  isFilling(digest: Digest, registry?: string): boolean;

  /** True for a while after the store broke off a blob: nobody should follow a fill then. */
  readonly storeFails: boolean;

  /**
   * The fill of a blob that is under way here from this repository's upstream, or a new one;
   * undefined while another instance holds its lease. One that is under way for another
   * repository rejects with a RefusedElsewhere where that one gets a BlobRefused.
   */
  start(repository: Repository, blob: WantedBlob, pace?: FillPace): Promise<Fill | undefined>;

  /** Stops all fills and resolves when none runs any more. Nothing half-done is visible. */
  stop(): Promise<void>;
}
