import { algorithmOf, type DigestAlgorithm, encodedOf } from '../../oci/digest.ts';
import { type PutOutcome, wrongDigest } from '../../ports/blob-store.ts';
import { notPublished } from '../bucket.ts';
import { nextStall, writeProgress } from '../progress.ts';
import type { PutRequest } from '../put-request.ts';
import { Deadline } from './deadline.ts';
import { PartReader, WrongSize } from './part-reader.ts';
import { putInParts } from './parts.ts';
import type { PutJob, PutTarget } from './target.ts';

/**
 * Stores a blob that is not in the bucket. A small blob is read into memory first. A larger one is
 * streamed in one request, where the bucket supports that. Such a request cannot be resumed: if it
 * breaks off, might not finish before the deadline, or an earlier put paused, the blob is sent in
 * parts, each of which can be repeated.
 */
export async function putBlob(
  { pauseAt, ...request }: PutRequest,
  target: PutTarget,
  now: () => number,
): Promise<PutOutcome> {
  const deadline = new Deadline(pauseAt, now, request.signal);
  try {
    return await put({ ...request, deadline }, target);
  } catch (error) {
    if (error instanceof WrongSize) return error.outcome;
    throw error;
  } finally {
    deadline.clear();
  }
}

async function put(job: PutJob, target: PutTarget): Promise<PutOutcome> {
  const { wanted, progress } = job;
  const { digest, size } = wanted;
  if (size !== undefined && size <= target.smallBytes) return putSmall(job, target, size);
  const mayPause = () => progress !== undefined || mayOutlastDeadline(job, target);
  if (size !== undefined && algorithmOf(digest) === 'sha256' && !mayPause()) {
    const outcome = await target.stream?.(job, size);
    if (outcome !== undefined) return outcome;
  }
  return putInParts(job, target, mayPause());
}

function mayOutlastDeadline({ wanted, deadline }: PutJob, { leastSpeed }: PutTarget): boolean {
  const seconds = deadline.timeLeft() / 1000;
  const { size = Number.POSITIVE_INFINITY } = wanted;
  return seconds !== Number.POSITIVE_INFINITY && size >= seconds * leastSpeed;
}

async function putSmall(job: PutJob, target: PutTarget, size: number): Promise<PutOutcome> {
  const { source, deadline, progress } = job;
  let buffer: Uint8Array | undefined;
  let reader: PartReader | undefined;
  try {
    buffer = await target.memory.acquire(size, deadline.signal);
    reader = new PartReader(source, { size }, deadline.signal);
    await reader.fill(buffer);
    return await putBytes(job, target, buffer);
  } catch (error) {
    if (!deadline.hasPassed) throw error;
    const stalls = nextStall(progress?.stalls);
    return { kind: 'paused', progress: writeProgress({ stalls, upload: progress?.upload }) };
  } finally {
    reader?.cancel();
    if (buffer !== undefined) target.memory.release(buffer);
  }
}

/** The bucket verifies the bytes once more: what it receives may differ from what was sent. */
async function putBytes(
  { key, wanted, signal }: PutJob,
  { bucket, createHash }: PutTarget,
  bytes: Uint8Array,
): Promise<PutOutcome> {
  const hexBy = (algorithm: DigestAlgorithm) => {
    const hash = createHash(algorithm);
    hash.update(bytes);
    return hash.hex();
  };
  const size = bytes.byteLength;
  const algorithm = algorithmOf(wanted.digest);
  const hex = hexBy(algorithm);
  if (hex !== encodedOf(wanted.digest)) return wrongDigest(wanted.digest, hex);
  const sha256 = algorithm === 'sha256' ? hex : hexBy('sha256');
  const published = await bucket.put(key, bytes, { size, sha256 }, signal);
  if (published.kind === 'published' || published.kind === 'there-already') {
    return { kind: 'stored', size };
  }
  throw notPublished('put a blob', published);
}
