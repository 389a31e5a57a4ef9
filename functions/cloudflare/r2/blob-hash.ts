import { createHash } from 'node:crypto';
import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import { algorithmOf, type DigestAlgorithm } from '../../core/oci/digest.ts';
import type { WantedBlob } from '../../core/ports/blob-store.ts';
import type { StreamingHash } from '../../core/ports/runtime.ts';
import type { PutProgress } from './upload-progress.ts';

/**
 * What every upstream is taken to send, in bytes a ms: a blob that needs more to end in time is hashed
 * from the start so that it can pause. In 10 minutes that is 1 GB.
 */
const surelySent = 1_700;

/** The hash of a blob on its way. */
export interface BlobHash extends StreamingHash {
  /** What a put does with this hash when its time is up. */
  readonly whenPaused: 'go-on' | 'begin-anew' | 'impossible';
  /** The state, where it can be gone on from. */
  save(): string | undefined;
}

/** The platform's own hash: five times as fast as one that can be saved. */
export function platformHash(algorithm: DigestAlgorithm): StreamingHash {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
}

/** Chooses the hash for a put in parts, and goes on from that of a paused one. */
export function blobHash(
  { digest, size }: WantedBlob,
  put: {
    /** What is left until it is to pause, in ms; undefined when it is not to. */
    readonly time: number | undefined;
    readonly progress: PutProgress | undefined;
  },
): BlobHash {
  const { progress, time } = put;
  if (progress?.upload !== undefined) return resumable(progress.upload.hash);
  const algorithm = algorithmOf(digest);
  const hash = { ...platformHash(algorithm), save: () => undefined };
  // Nobody stores layers by SHA-512 yet, so there is no such hash that can be saved.
  if (time === undefined || size === undefined || algorithm !== 'sha256') {
    return { ...hash, whenPaused: 'impossible' };
  }
  if (progress !== undefined || size >= time * surelySent) return resumable(new ResumableSha256());
  return { ...hash, whenPaused: 'begin-anew' };
}

function resumable(hash: ResumableSha256): BlobHash {
  return {
    whenPaused: 'go-on',
    update: (bytes) => hash.update(bytes),
    hex: () => hash.hex(),
    save: () => hash.save(),
  };
}
