import { type Digest, parseDigest } from '../../oci/digest.ts';
import type { StoredBlob } from '../../ports/blob-store.ts';
import type { Context } from '../context.ts';
import type { EvictionRun } from './run.ts';

/** How long an unreferenced blob is kept, in ms: its manifest may be on the way. */
const grace = 3_600_000;

/** Deletes blobs that no manifest names, among at most `steps` blobs. Returns the steps taken. */
export async function evictUnreferenced(
  context: Context,
  run: EvictionRun,
  steps: number,
): Promise<number> {
  let taken = 0;
  if (steps === 0) return taken;
  const isUnlimited = steps === Number.POSITIVE_INFINITY;
  for await (const blob of isUnlimited ? context.ports.blobs.list() : listFromRandom(context)) {
    if (!(await run.canContinue())) break;
    if (context.runtime.now() - blob.stored > grace) await run.deleteUnreferenced(blob.digest);
    taken += 1;
    if (taken >= steps) break;
  }
  return taken;
}

/**
 * All blobs, from a random digest on and then around: limited runs examine all of them in time without
 * storing a position.
 */
async function* listFromRandom({ ports: { blobs }, runtime }: Context): AsyncGenerator<StoredBlob> {
  const start = digestFrom(Math.floor(runtime.random() * 2 ** 32));
  yield* blobs.list(start);
  for await (const blob of blobs.list(digestFrom(0))) {
    if (start === undefined || blob.digest > start) return;
    yield blob;
  }
}

/** A digest that begins with these 32 bits. */
function digestFrom(bits: number): Digest | undefined {
  return parseDigest(`sha256:${bits.toString(16).padStart(8, '0').padEnd(64, '0')}`);
}
