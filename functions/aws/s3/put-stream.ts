import { BucketError, notPublished, type Published } from '../../core/bucket/bucket.ts';
import { writeProgress } from '../../core/bucket/progress.ts';
import type { PutJob, PutWays } from '../../core/bucket/put/ways.ts';
import { encodedOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { ReadAhead, WrongSize } from './read-ahead.ts';
import type { SideBySide } from './upload-parts.ts';
import { withoutConflict } from './without-conflict.ts';

/** S3 takes no more in one request, in bytes. */
const mostOfOneRequest = 5 * 1024 ** 3;

/**
 * Stores a blob by one request while it is read, in so many slices side by side. S3 is told its
 * SHA-256 before and publishes nothing else, so nothing is hashed here.
 */
export function putAsStream(by: SideBySide): NonNullable<PutWays['stream']> {
  return async (job, size) => {
    if (size > mostOfOneRequest) return undefined;
    const lanes = await by.lanes();
    return put(job, by, size, lanes);
  };
}

async function put(
  job: PutJob,
  by: SideBySide,
  size: number,
  lanes: number,
): Promise<PutOutcome | undefined> {
  try {
    const published = await withoutConflict(() => attempt(job, by, size, lanes));
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
    const isThere = (await by.bucket.head(job.key, job.signal)) !== undefined;
    return isThere ? { kind: 'stored', size } : undefined;
  }
}

async function attempt(
  { key, wanted, source, signal, pause }: PutJob,
  { bucket, buffers }: SideBySide,
  size: number,
  lanes: number,
): Promise<Published> {
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
