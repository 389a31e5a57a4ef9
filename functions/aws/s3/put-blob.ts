import { BucketError, notPublished, type Published } from '../../core/bucket/bucket.ts';
import { writeProgress } from '../../core/bucket/put/progress.ts';
import { putWhole } from '../../core/bucket/put/whole.ts';
import { algorithmOf, encodedOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { PartReader } from './part-reader.ts';
import { bufferBytes } from './put-buffers.ts';
import { fruitlessPause, type PutJob, plainHash } from './put-hash.ts';
import { putInParts } from './put-parts.ts';
import { ReadAhead, WrongSize } from './read-ahead.ts';
import { withoutConflict } from './without-conflict.ts';

/** S3 takes no more in one request, in bytes. */
const mostOfOneRequest = 5 * 1024 ** 3;

/** A blob that is smaller is read by one request, which is on its way when a second would begin. */
const leastForLanes = 4 * bufferBytes;

/** What upstream and bucket are trusted to move, in bytes a second. */
const leastSpeed = 16_000_000;

/**
 * Stores a blob that is not there. A small one is read whole first. Another one goes by one request,
 * which S3 verifies, but which cannot be gone on with: so not if it may take longer than the time
 * that is left, nor where a put before this one had to pause. What breaks while it is sent, and all
 * else, goes in parts, each of which can be repeated.
 */
export async function putBlob(job: PutJob): Promise<PutOutcome> {
  const { wanted, source, progress } = job;
  const { digest, size } = wanted;
  if (size !== undefined && size <= bufferBytes) return putInMemory(job, size);
  const lanes = size !== undefined && size >= leastForLanes ? await source.slices() : 1;
  const mayLast = () => size === undefined || size / leastSpeed > job.timeLeft() / 1000;
  const isNew = progress === undefined && algorithmOf(digest) === 'sha256';
  if (isNew && size !== undefined && size <= mostOfOneRequest && !mayLast()) {
    const outcome = await putAsStream(job, size, lanes);
    if (outcome.kind !== 'broken') return outcome;
  }
  return putInParts(job, { lanes, lasting: mayLast() });
}

/**
 * Stores a blob that fits into one buffer: it is read whole and verified before a byte is sent, and
 * can be sent again.
 */
async function putInMemory(job: PutJob, size: number): Promise<PutOutcome> {
  const { bucket, buffers, key, source, signal, pause } = job;
  const { digest } = job.wanted;
  const reading = AbortSignal.any([signal, pause]);
  let buffer: Buffer | undefined;
  let reader: PartReader | undefined;
  try {
    buffer = await buffers.acquire(size, reading);
    reader = new PartReader(source.open(0), reading);
    return await putWhole({ bucket, key, digest, createHash: plainHash, signal }, reader, buffer);
  } catch (error) {
    if (pause.aborted && !signal.aborted) return fruitlessPause(job);
    throw error;
  } finally {
    reader?.cancel(new Error('no more of it is needed'));
    if (buffer !== undefined) buffers.release(buffer);
  }
}

/** How the one request ended: as a put does, or S3 broke it off and nothing of it is kept. */
type StreamOutcome = PutOutcome | { readonly kind: 'broken' };

/**
 * Stores a blob by one request while it is read, in so many slices side by side. S3 is told its
 * SHA-256 before and publishes nothing else, so nothing is hashed here.
 */
async function putAsStream(job: PutJob, size: number, lanes: number): Promise<StreamOutcome> {
  try {
    const published = await withoutConflict(() => attempt(job, size, lanes));
    switch (published.kind) {
      case 'published':
      case 'there-already':
        return { kind: 'stored', size };
      case 'wrong-bytes':
        return { kind: 'mismatch', reason: 'their digest is another' };
      default:
        throw notPublished('S3 PutObject', published);
    }
  } catch (error) {
    job.signal.throwIfAborted();
    if (error instanceof WrongSize) return error.outcome;
    if (job.pause.aborted) {
      // With any progress, the next put is one in parts, which can be gone on with.
      return { kind: 'paused', progress: writeProgress({ fruitless: 0, upload: undefined }) };
    }
    if (!(error instanceof BucketError) || !error.isPassing) throw error;
    // Only the answer may have been lost.
    const isThere = (await job.bucket.head(job.key, job.signal)) !== undefined;
    return isThere ? { kind: 'stored', size } : { kind: 'broken' };
  }
}

async function attempt(job: PutJob, size: number, lanes: number): Promise<Published> {
  const { bucket, buffers, key, wanted, source, signal, pause } = job;
  const end = new AbortController();
  const going = AbortSignal.any([signal, pause, end.signal]);
  const ahead = new ReadAhead({ source, size, lanes, buffers, signal: going });
  try {
    const sha256 = encodedOf(wanted.digest);
    return await bucket.putStream(key, ahead.slices(), { size, sha256 }, going);
  } finally {
    end.abort(new Error('no more of it is needed'));
    await ahead.close();
  }
}
