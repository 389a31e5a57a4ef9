/** What a bucket takes of an upload in parts, and how a put cuts a blob for it. */
export interface PartBounds {
  /** The size of a part is a multiple of this, in bytes. */
  readonly unit: number;
  /** In bytes. */
  readonly least: number;
  readonly mostParts: number;
  /** In bytes. */
  readonly largest: number;
}

/**
 * The size of a blob's parts but the last, in bytes: the least that there are not too many of. It
 * follows from the blob's size alone, so that a put can go on where another paused. A blob of unknown
 * size has the least.
 */
export function partBytes(
  size: number | undefined,
  { unit, least, mostParts, largest }: PartBounds,
): number {
  const bytes = Math.max(least, Math.ceil((size ?? 0) / mostParts / unit) * unit);
  if (bytes > largest) throw new Error(`a blob of ${size} bytes is too large for the bucket`);
  return bytes;
}
