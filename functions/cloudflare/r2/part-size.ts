const mebibyte = 1024 * 1024;

/** Up to this size a blob is held in memory and put in one piece, in bytes. */
export const wholeBytes = 8 * mebibyte;

/** The tags of so many parts fit into the 60 KB of a paused put. */
export const mostPausableParts = 300;

/**
 * The size of a blob's parts, the last one apart: R2 wants all others equal, at least 5 MiB and at
 * most 10,000 of them. It follows from the blob's size alone, so that a put goes on where another
 * paused. A blob of unknown size has the smallest parts, because each is held in memory.
 */
export function partBytesOf(size: number | undefined): number {
  const times = Math.ceil((size ?? 0) / (mostPausableParts * wholeBytes));
  return Math.max(1, times) * wholeBytes;
}
