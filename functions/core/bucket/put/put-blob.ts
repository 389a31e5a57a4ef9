import { algorithmOf } from '../../oci/digest.ts';
import type { PutOutcome } from '../../ports/blob-store.ts';
import type { MissingBlob } from '../bucket-blob-store.ts';
import { oneMoreFruitless, writeProgress } from '../progress.ts';
import { PartReader } from './part-reader.ts';
import { putInParts } from './parts.ts';
import { pausing } from './pausing.ts';
import type { PutJob, PutWays } from './ways.ts';
import { putWhole } from './whole.ts';

/**
 * Stores a blob that is not there. A small one is read whole first. Another one goes by one request,
 * where the bucket has such a way. That cannot be gone on with: so not if it may take longer than
 * the time that is left, nor where a put before this one had to pause. What breaks while it is sent,
 * and all else, goes in parts, each of which can be repeated.
 */
export async function putBlob(
  { pauseAt, ...missing }: MissingBlob,
  ways: PutWays,
  now: () => number,
): Promise<PutOutcome> {
  const { clear, ...until } = pausing(pauseAt, now);
  try {
    return await put({ ...missing, ...until }, ways);
  } finally {
    clear();
  }
}

async function put(job: PutJob, ways: PutWays): Promise<PutOutcome> {
  const { wanted, progress } = job;
  const { digest, size } = wanted;
  if (size !== undefined && size <= ways.wholeBytes) return putSmall(job, ways, size);
  const isNew = progress === undefined && algorithmOf(digest) === 'sha256';
  if (isNew && size !== undefined && !mayLast(job, ways)) {
    const outcome = await ways.stream?.(job, size);
    if (outcome !== undefined) return outcome;
  }
  return putInParts(job, ways, progress !== undefined || mayLast(job, ways));
}

/** True when the time that is left may not be enough. */
function mayLast({ wanted, timeLeft }: PutJob, { leastSpeed }: PutWays): boolean {
  const seconds = timeLeft() / 1000;
  const { size = Number.POSITIVE_INFINITY } = wanted;
  return seconds !== Number.POSITIVE_INFINITY && size >= seconds * leastSpeed;
}

async function putSmall(job: PutJob, ways: PutWays, size: number): Promise<PutOutcome> {
  const { key, wanted, source, signal, pause, progress } = job;
  const { bucket, createHash, memory } = ways;
  const reading = AbortSignal.any([signal, pause]);
  let buffer: Uint8Array | undefined;
  let reader: PartReader | undefined;
  try {
    buffer = await memory.acquire(size, reading);
    reader = new PartReader(source.open(0), reading);
    const { digest } = wanted;
    return await putWhole({ bucket, key, digest, createHash, signal }, reader, buffer);
  } catch (error) {
    if (!pause.aborted || signal.aborted) throw error;
    const fruitless = oneMoreFruitless(progress?.fruitless ?? 0);
    return { kind: 'paused', progress: writeProgress({ fruitless, upload: progress?.upload }) };
  } finally {
    reader?.cancel(new Error('no more of it is needed'));
    if (buffer !== undefined) memory.release(buffer);
  }
}
