import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import { parseObject } from '../../core/oci/json-object.ts';

/** Where a paused put stands. */
export interface PutProgress {
  /** How many puts in a row paused without one more part. */
  readonly fruitless: number;
  /** Undefined: the next put begins at the start, with a hash that can be gone on from. */
  readonly upload: UploadProgress | undefined;
}

/** A multipart upload that paused: what R2 has of it, and the hash of exactly those bytes. */
export interface UploadProgress {
  readonly uploadId: string;
  /** R2's tag of each part, from the first one on. */
  readonly etags: readonly string[];
  readonly hash: ResumableSha256;
}

/** The text of a put that paused, and of its upload where it left one; `hash` is the saved state. */
export function writeProgress(
  fruitless: number,
  upload?: { readonly uploadId: string; readonly etags: readonly string[]; readonly hash: string },
): string {
  if (upload === undefined) return JSON.stringify({ kind: 'barren', barren: fruitless });
  const { uploadId, etags, hash } = upload;
  const written = { kind: 'upload', barren: fruitless, uploadId, hash, etags: etags.join(' ') };
  return JSON.stringify(written);
}

/** Reads what a put left for parts of this size; undefined for anything else. */
export function readProgress(text: string | undefined, partBytes: number): PutProgress | undefined {
  const { kind, barren, uploadId, etags: joined, hash: saved } = parseObject(text ?? '') ?? {};
  // A former version counted one at most, by the kind.
  const fruitless = typeof barren === 'number' ? barren : Number(kind === 'barren');
  if (kind === 'barren') return { fruitless, upload: undefined };
  if (kind !== 'upload' || typeof uploadId !== 'string' || typeof joined !== 'string') {
    return undefined;
  }
  const hash = typeof saved === 'string' ? ResumableSha256.restore(saved) : undefined;
  const etags = joined.split(' ').filter((etag) => etag !== '');
  if (hash === undefined || hash.length !== etags.length * partBytes) return undefined;
  return { fruitless, upload: { uploadId, etags, hash } };
}
