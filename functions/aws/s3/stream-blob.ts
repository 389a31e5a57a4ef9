import { BucketError, notPublished, type Published } from '../../core/bucket/bucket.ts';
import { writeProgress } from '../../core/bucket/progress.ts';
import { WrongSize } from '../../core/bucket/put/part-reader.ts';
import type { PutJob, PutTarget } from '../../core/bucket/put/target.ts';
import { encodedOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { bufferBytes } from './buffer-pool.ts';
import { ReadAhead } from './read-ahead.ts';
import { retryConflict } from './s3-error.ts';
import type { Transfer } from './upload-parts.ts';

/** The limit of S3 for one request, in bytes. */
const maxRequestBytes = 5 * 1024 ** 3;

/**
 * Stores a blob by one PutObject while it is read. S3 learns the SHA-256 first and refuses other
 * bytes, so nothing is hashed here.
 */
export function streamBlob(transfer: Transfer): NonNullable<PutTarget['stream']> {
  return async (job, size) => {
    if (size > maxRequestBytes) return undefined;
    const lanes = await transfer.lanes();
    try {
      return outcomeOf(await retryConflict(() => send(job, transfer, size, lanes)), size);
    } catch (error) {
      job.signal.throwIfAborted();
      if (error instanceof WrongSize) throw error;
      if (job.deadline.hasPassed) {
        // After any progress the next put goes in parts, which can be resumed.
        return { kind: 'paused', progress: writeProgress({ stalls: 0, upload: undefined }) };
      }
      if (!(error instanceof BucketError) || !error.isPassing) throw error;
      // Perhaps only the answer was lost.
      const object = await transfer.bucket.head(job.key, job.signal);
      return object && { kind: 'stored', size };
    }
  };
}

function outcomeOf(published: Published, size: number): PutOutcome {
  switch (published.kind) {
    case 'published':
    case 'there-already':
      return { kind: 'stored', size };
    case 'wrong-bytes':
      return { kind: 'mismatch', reason: 'S3 computed another digest' };
    default:
      throw notPublished('S3 PutObject', published);
  }
}

async function send(
  { key, wanted, source, deadline }: PutJob,
  { bucket, buffers }: Transfer,
  size: number,
  lanes: number,
): Promise<Published> {
  const end = new AbortController();
  const signal = AbortSignal.any([deadline.signal, end.signal]);
  const ahead = new ReadAhead({
    source,
    start: 0,
    size,
    sliceBytes: bufferBytes,
    lanes,
    buffers,
    signal,
  });
  try {
    const sha256 = encodedOf(wanted.digest);
    return await bucket.putStream(key, ahead.slices(), { size, sha256 }, signal);
  } finally {
    end.abort(new Error('the request has ended'));
    await ahead.close();
  }
}
