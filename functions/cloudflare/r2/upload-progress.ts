import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import { parseObject } from '../../core/oci/json-object.ts';

/** A multipart upload that paused: what R2 has of it, and the hash of exactly those bytes. */
export interface UploadProgress {
  readonly kind: 'upload';
  readonly uploadId: string;
  /** R2's tag of each part, from the first one on. */
  readonly etags: readonly string[];
  readonly hash: ResumableSha256;
}

/** A put that did not end in time and has nothing to go on from: the next one must be able to pause. */
export interface BarrenProgress {
  readonly kind: 'barren';
}

/** The text of a put that has nothing to go on from. */
export const barrenProgress = JSON.stringify({ kind: 'barren' });

/** The text of an upload that paused. `hash` is the saved state. */
export function writeProgress(uploadId: string, etags: readonly string[], hash: string): string {
  return JSON.stringify({ kind: 'upload', uploadId, hash, etags: etags.join(' ') });
}

/** Reads what a put left for parts of this size; undefined for anything else. */
export function readProgress(
  text: string | undefined,
  partBytes: number,
): UploadProgress | BarrenProgress | undefined {
  const { kind, uploadId, etags: joined, hash: saved } = parseObject(text ?? '') ?? {};
  if (kind === 'barren') return { kind };
  if (kind !== 'upload' || typeof uploadId !== 'string' || typeof joined !== 'string') {
    return undefined;
  }
  const hash = typeof saved === 'string' ? ResumableSha256.restore(saved) : undefined;
  const etags = joined.split(' ').filter((etag) => etag !== '');
  if (hash === undefined || hash.length !== etags.length * partBytes) return undefined;
  return { kind, uploadId, etags, hash };
}
