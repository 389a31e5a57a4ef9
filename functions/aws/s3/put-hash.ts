import { createHash } from 'node:crypto';
import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import type { BlobSource, PutOutcome, WantedBlob } from '../../core/ports/blob-store.ts';
import type { Bucket } from './bucket.ts';
import type { PutBuffers } from './put-buffers.ts';
import { type PutProgress, writeProgress } from './put-progress.ts';

/** The hash of a blob on its way. */
export interface PutHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; called once. */
  hex(): string;
  /** What another process goes on from; undefined for a hash that cannot be gone on from. */
  save(): string | undefined;
}

/** The fast one. */
export function plainHash(algorithm: DigestAlgorithm): PutHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest('hex'),
    save: () => undefined,
  };
}

/** The one that outlives its process: from its start, or from where a saved one was. */
export function lastingHash(hash: ResumableSha256 = new ResumableSha256()): PutHash {
  return {
    update: (bytes) => hash.update(bytes),
    hex: () => hash.hex(),
    save: () => hash.save(),
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

/** So many puts in a row may end without another part: then the source is too slow for us. */
const mostBarren = 3;

/** A pause at which no further part is there; throws when that is so again and again. */
export function barrenPause({ progress }: PutJob): PutOutcome {
  const barren = (progress?.barren ?? 0) + 1;
  if (barren > mostBarren) {
    throw new Error('the source is too slow: the time was up before one more part had come');
  }
  return { kind: 'paused', progress: writeProgress({ barren, upload: progress?.upload }) };
}
