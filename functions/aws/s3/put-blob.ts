import { algorithmOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { putAsStream } from './put-as-stream.ts';
import { bufferBytes } from './put-buffers.ts';
import { putInMemory } from './put-in-memory.ts';
import { putInParts } from './put-in-parts.ts';
import type { PutJob } from './put-job.ts';

/** S3 takes no more in one request, in bytes. */
const mostOfOneRequest = 5 * 1024 ** 3;

/** A blob that is smaller is read by one request, which is on its way when a second would begin. */
const leastForLanes = 4 * bufferBytes;

/** A larger one may take longer than one process lives, where a process has an end. */
const mostOfOneProcess = 1024 ** 3;

/**
 * Stores a blob that is not there. Small ones are read whole first; those that may be read side by
 * side, that may have to be gone on with, or that S3 cannot verify go in parts; others as they come.
 */
export async function putBlob(job: PutJob, hasEnd: boolean): Promise<PutOutcome> {
  const { wanted, source, progress } = job;
  const { digest, size } = wanted;
  const lasting = hasEnd && (size === undefined || size > mostOfOneProcess);
  if (size === undefined) return putInParts(job, { lanes: 1, lasting });
  if (size <= bufferBytes) return putInMemory(job, size);
  const lanes = size >= leastForLanes ? await source.slices() : 1;
  const isSimple = lanes === 1 && !lasting && progress === undefined;
  if (isSimple && size <= mostOfOneRequest && algorithmOf(digest) === 'sha256') {
    return putAsStream(job, size);
  }
  return putInParts(job, { lanes, lasting });
}
