import { createHash } from 'node:crypto';
import type { Bucket } from '../../core/bucket/bucket.ts';
import type { PutHash } from '../../core/bucket/put/hash.ts';
import {
  oneMoreFruitless,
  type PutProgress,
  writeProgress,
} from '../../core/bucket/put/progress.ts';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import type { BlobSource, PutOutcome, WantedBlob } from '../../core/ports/blob-store.ts';
import type { PutBuffers } from './put-buffers.ts';

/** The fast one. */
export function plainHash(algorithm: DigestAlgorithm): PutHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest('hex'),
    save: () => undefined,
  };
}

/** One put, and by what means. */
export interface PutJob {
  readonly bucket: Bucket;
  readonly buffers: PutBuffers;
  readonly key: string;
  readonly wanted: WantedBlob;
  readonly source: BlobSource;
  /** What the put before this one left; undefined when this is the first. */
  readonly progress: PutProgress | undefined;
  /** Ends it: it rejects with the reason. */
  readonly signal: AbortSignal;
  /** Aborted when the put has to come to an end that the next one goes on from. */
  readonly pause: AbortSignal;
  /** Until then, in ms; infinite where the process has no end. */
  timeLeft(): number;
}

/** A pause without one more part than the put before had; throws when there were too many. */
export function fruitlessPause({ progress }: PutJob): PutOutcome {
  const fruitless = oneMoreFruitless(progress?.fruitless ?? 0);
  return { kind: 'paused', progress: writeProgress({ fruitless, upload: progress?.upload }) };
}
