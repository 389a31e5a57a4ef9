import { algorithmOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { bufferBytes } from './put-buffers.ts';
import type { PutJob } from './put-hash.ts';
import { putInParts } from './put-parts.ts';
import { putAsStream } from './put-stream.ts';
import { putInMemory } from './put-whole.ts';

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
