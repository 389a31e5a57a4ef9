import { parseDigest } from '../../oci/digest.ts';
import type { StoredBlob } from '../../ports/blob-store.ts';
import type { Context } from '../context.ts';
import type { EvictionRun } from './run.ts';

/** A blob that nothing names is left alone for so long: its manifest may be on its way. In ms. */
const grace = 3_600_000;

/**
 * Deletes blobs that no manifest names: all, or those among as many blobs as there are steps. Gives
 * the steps that were taken.
 */
export async function evictUnnamed(
  context: Context,
  run: EvictionRun,
  steps: number,
): Promise<number> {
  const { runtime } = context;
  const { blobs } = context.ports;
  let taken = 0;
  if (steps === 0) return taken;
  const listing = steps === Number.POSITIVE_INFINITY ? blobs.list() : listFromAnywhere(context);
  for await (const blob of listing) {
    if (!(await run.goesOn())) break;
    if (runtime.now() - blob.stored > grace) await run.deleteUnnamed(blob.digest);
    taken += 1;
    if (taken >= steps) break;
  }
  return taken;
}

/**
 * All blobs, beginning anywhere and going round: runs that look at a part of them come to all in
 * time, and nobody has to note how far the last one came.
 */
async function* listFromAnywhere({
  ports: { blobs },
  runtime,
}: Context): AsyncGenerator<StoredBlob> {
  const start = beginningWith(Math.floor(runtime.random() * 2 ** 32));
  yield* blobs.list(start);
  for await (const blob of blobs.list(beginningWith(0))) {
    if (start === undefined || blob.digest > start) return;
    yield blob;
  }
}

function beginningWith(bits: number) {
  return parseDigest(`sha256:${bits.toString(16).padStart(8, '0').padEnd(64, '0')}`);
}
