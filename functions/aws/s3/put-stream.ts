import { encodedOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import type { Published } from './bucket.ts';
import { notPublished, withoutConflict } from './publish.ts';
import type { PutJob } from './put-hash.ts';
import { writeProgress } from './put-progress.ts';
import { ReadAhead, WrongSize } from './read-ahead.ts';
import { S3Error } from './s3-error.ts';

/** How the one request ended: as a put does, or S3 broke it off and nothing of it is kept. */
export type StreamOutcome = PutOutcome | { readonly kind: 'broken' };

/**
 * Stores a blob by one request while it is read, in so many slices side by side. S3 is told its
 * SHA-256 before and publishes nothing else, so nothing is hashed here.
 */
export async function putAsStream(
  job: PutJob,
  size: number,
  lanes: number,
): Promise<StreamOutcome> {
  try {
    const published = await withoutConflict(() => attempt(job, size, lanes));
    switch (published.kind) {
      case 'published':
      case 'there-already':
        return { kind: 'stored', size };
      case 'wrong-bytes':
        return { kind: 'mismatch', reason: 'their digest is another' };
      default:
        throw notPublished('PutObject', published);
    }
  } catch (error) {
    job.signal.throwIfAborted();
    if (error instanceof WrongSize) return error.outcome;
    if (job.pause.aborted) {
      // With any progress, the next put is one in parts, which can be gone on with.
      return { kind: 'paused', progress: writeProgress({ fruitless: 0, upload: undefined }) };
    }
    if (!(error instanceof S3Error) || !error.isPassing) throw error;
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
    return await bucket.put(key, ahead.slices(), { size, sha256 }, going);
  } finally {
    end.abort(new Error('no more of it is needed'));
    await ahead.close();
  }
}
