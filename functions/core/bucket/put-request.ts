import type { BlobSource, WantedBlob } from '../ports/blob-store.ts';
import type { PutProgress } from './progress.ts';

/** A blob to put that is not in the bucket. */
export interface PutRequest {
  readonly key: string;
  readonly wanted: WantedBlob;
  readonly source: BlobSource;
  /** Of the previous put, if it paused. */
  readonly progress: PutProgress | undefined;
  /** Aborts the put, which rejects with the reason. */
  readonly signal: AbortSignal;
  /** In ms since 1970; undefined where the process has no time limit. */
  readonly pauseAt: number | undefined;
}
