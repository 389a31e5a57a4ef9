import { createHash } from 'node:crypto';
import { type CreateHash, lastingHash, type PutHash } from '../../core/bucket/put/hash.ts';
import { algorithmOf } from '../../core/oci/digest.ts';
import type { WantedBlob } from '../../core/ports/blob-store.ts';

/**
 * What every upstream is taken to send, in bytes a ms: a blob that needs more to end in time is hashed
 * from the start so that it can pause. In 10 minutes that is 1 GB.
 */
const surelySent = 1_700;

/** The hash of a blob on its way. */
export interface BlobHash extends PutHash {
  /** What a put does with this hash when its time is up. */
  readonly whenPaused: 'go-on' | 'begin-anew' | 'impossible';
}

/** The platform's own hash: five times as fast as one that can be saved. */
export const platformHash: CreateHash = (algorithm) => {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest('hex'),
    save: () => undefined,
  };
};

/** Chooses the hash for a put in parts, and goes on from that of a paused one. */
export function blobHash(
  { digest, size }: WantedBlob,
  put: {
    /** What is left until it is to pause, in ms; undefined when it is not to. */
    readonly time: number | undefined;
    /** That of the upload that is gone on with. */
    readonly saved: PutHash | undefined;
    /** A put before this one paused. */
    readonly isAgain: boolean;
  },
): BlobHash {
  const { saved, isAgain, time } = put;
  if (saved !== undefined) return { ...saved, whenPaused: 'go-on' };
  const algorithm = algorithmOf(digest);
  const hash = platformHash(algorithm);
  // Nobody stores layers by SHA-512 yet, so there is no such hash that can be saved.
  if (time === undefined || size === undefined || algorithm !== 'sha256') {
    return { ...hash, whenPaused: 'impossible' };
  }
  if (isAgain || size >= time * surelySent) return { ...lastingHash(), whenPaused: 'go-on' };
  return { ...hash, whenPaused: 'begin-anew' };
}
