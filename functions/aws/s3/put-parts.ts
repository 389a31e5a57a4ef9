import { notPublished, type OpenUpload, type UploadedPart } from '../../core/bucket/bucket.ts';
import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import { algorithmOf, encodedOf } from '../../core/oci/digest.ts';
import { type PutOutcome, wrongDigest } from '../../core/ports/blob-store.ts';
import { bufferBytes, largestBuffer } from './put-buffers.ts';
import { fruitlessPause, lastingHash, type PutHash, type PutJob, plainHash } from './put-hash.ts';
import { writeProgress } from './put-progress.ts';
import { uploadParts } from './upload-parts.ts';
import { withoutConflict } from './without-conflict.ts';

/** S3 takes so many parts, and no smaller ones but the last. */
const mostParts = 10_000;
const leastPartBytes = 5 * 1024 * 1024;

/** How a blob is put in parts. */
export interface MultipartOptions {
  /** How many parts are read side by side. */
  readonly lanes: number;
  /** The hash has to outlive this process. */
  readonly lasting: boolean;
}

/** An upload to begin or to go on with. */
interface Begun {
  readonly upload: OpenUpload;
  readonly done: readonly UploadedPart[];
  readonly hash: PutHash;
}

/**
 * Stores a blob in parts. It is hashed here, because S3 has no SHA-256 of an upload in parts as a
 * whole, and published only if that is right.
 */
export async function putInParts(job: PutJob, options: MultipartOptions): Promise<PutOutcome> {
  const { bucket, buffers, source, wanted, signal, pause } = job;
  const begun = (await goOn(job)) ?? (await begin(job, options));
  const { upload, done, hash } = begun;
  /** Or completed: nothing to abort. */
  let isKept = false;
  try {
    const wasFruitless = (job.progress?.fruitless ?? 0) > 0;
    const { size } = wanted;
    const uploaded = await uploadParts({
      bucket,
      upload,
      source,
      size,
      // What one process could not move in one piece is tried in smaller ones, one at a time.
      partBytes: wasFruitless ? Math.max(leastPartBytes, leastFor(size)) : partBytesFor(size),
      lanes: wasFruitless ? 1 : options.lanes,
      buffers,
      hash,
      done,
      signal,
      pause,
    });
    if (uploaded.kind === 'mismatch') return uploaded;
    if (uploaded.kind === 'paused') {
      const outcome = pausedAt(job, begun, uploaded.parts);
      isKept = hash.save() !== undefined && uploaded.parts.length > 0;
      return outcome;
    }
    const hex = hash.hex();
    if (hex !== encodedOf(wanted.digest)) return wrongDigest(wanted.digest, hex);
    const published = await publish(job, upload, uploaded.parts);
    isKept = published === 'published';
    return { kind: 'stored', size: uploaded.parts.reduce((sum, part) => sum + part.size, 0) };
  } catch (error) {
    // The queue gives the same progress to the next put, which can go on from it.
    isKept = done.length > 0 && !signal.aborted;
    throw error;
  } finally {
    // An upload that stays is removed by the bucket's lifecycle rule.
    if (!isKept) await bucket.abortUpload(upload).catch(() => undefined);
  }
}

async function begin(
  { bucket, key, wanted, progress, signal }: PutJob,
  options: MultipartOptions,
): Promise<Begun> {
  const algorithm = algorithmOf(wanted.digest);
  const isLasting = (options.lasting || progress !== undefined) && algorithm === 'sha256';
  const hash = isLasting ? lastingHash() : plainHash(algorithm);
  return { upload: await bucket.createUpload(key, signal), done: [], hash };
}

/** The upload that a pause left; undefined when S3 has not all of it any more. */
async function goOn({ bucket, key, progress, signal }: PutJob): Promise<Begun | undefined> {
  if (progress?.upload === undefined) return undefined;
  const { id, parts, hash: saved } = progress.upload;
  const upload = { key, id };
  const hash = ResumableSha256.restore(saved);
  const listed = await bucket.listParts(upload, signal);
  const done = listed?.slice(0, parts);
  if (done !== undefined && hash !== undefined && areThose(done, parts, hash)) {
    return { upload, done, hash: lastingHash(hash) };
  }
  if (listed !== undefined) await bucket.abortUpload(upload).catch(() => undefined);
  return undefined;
}

function areThose(listed: readonly UploadedPart[], parts: number, hash: ResumableSha256): boolean {
  const bytes = listed.reduce((sum, part) => sum + part.size, 0);
  return (
    listed.length === parts &&
    listed.every((part, at) => part.number === at + 1) &&
    bytes === hash.length
  );
}

function pausedAt(
  job: PutJob,
  { upload, done, hash }: Begun,
  parts: readonly UploadedPart[],
): PutOutcome {
  const saved = hash.save();
  if (saved === undefined || parts.length === done.length) return fruitlessPause(job);
  const progress = { id: upload.id, parts: parts.length, hash: saved };
  return { kind: 'paused', progress: writeProgress({ fruitless: 0, upload: progress }) };
}

/** Puts the parts together, unless another writer was first. */
async function publish(
  { bucket, key }: PutJob,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
): Promise<'published' | 'there-already'> {
  const published = await withoutConflict(() => bucket.complete(upload, parts));
  if (published.kind === 'published' || published.kind === 'there-already') return published.kind;
  // The answer to a Complete that succeeded may have been lost, and the SDK asked again.
  const object = published.kind === 'upload-gone' ? await bucket.head(key) : undefined;
  if (object !== undefined) return 'published';
  throw notPublished('S3 CompleteMultipartUpload', published);
}

/** The least size of a part that this many bytes can be cut into, in whole MiB. */
function leastFor(size: number | undefined): number {
  const mebibyte = 1024 * 1024;
  const least = Math.ceil((size ?? 0) / mostParts / mebibyte) * mebibyte;
  if (least > largestBuffer) throw new Error(`a blob of ${size} bytes is too large for the bucket`);
  return least;
}

function partBytesFor(size: number | undefined): number {
  return Math.max(bufferBytes, leastFor(size));
}
