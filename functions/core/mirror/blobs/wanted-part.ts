import type { Digest } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';

/** A blob that a client may read, and the part of it that it asked for. */
export interface WantedPart {
  readonly digest: Digest;
  /** In bytes; undefined when neither a manifest nor the upstream stated it. */
  readonly size: number | undefined;
  /** undefined for the whole blob. */
  readonly range: ByteRange | undefined;
}
