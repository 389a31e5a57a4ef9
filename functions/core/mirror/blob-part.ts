import type { ByteRange } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';

/** A blob that a client may read, and the part of it that it asked for. */
export interface WantedPart {
  readonly digest: Digest;
  /** In bytes; undefined when neither a manifest nor the upstream stated it. */
  readonly size: number | undefined;
  /** False when only what the repository's own registry sends now may be answered. */
  readonly mayBeStored: boolean;
  /** undefined for the whole blob. */
  readonly range: ByteRange | undefined;
}
