import type { ByteRange } from '../../headers/range.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';

/** How soon the same request is a repeated one, in ms. */
const repeatTime = 60_000;

/**
 * Makes the store verify a blob again if the client requests the same bytes twice within a minute: what
 * it got the first time may have been wrong. A client that reads a blob range by range repeats nothing.
 */
export function doubtRepeated(
  { blobs, memory }: Context,
  { client }: Source,
  digest: Digest,
  range: ByteRange | undefined,
): void {
  if (blobs.doubt === undefined || client === undefined) return;
  const key = `${client.key} ${digest} ${range?.start ?? 0}`;
  if (memory.requested.get(key)) {
    blobs.doubt(digest);
    // What this request gets is verified, so the next one repeats nothing doubtful.
    memory.requested.delete(key);
  } else memory.requested.set(key, true, repeatTime);
}
