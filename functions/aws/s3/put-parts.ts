import { notPublished, type OpenUpload, type UploadedPart } from '../../core/bucket/bucket.ts';
import { lastingHash, type PutHash, savedHash } from '../../core/bucket/put/hash.ts';
import { partBytes } from '../../core/bucket/put/part-size.ts';
import { writeProgress } from '../../core/bucket/put/progress.ts';
import { algorithmOf, encodedOf } from '../../core/oci/digest.ts';
import { type PutOutcome, wrongDigest } from '../../core/ports/blob-store.ts';
import { bufferBytes, largestBuffer } from './put-buffers.ts';
import { fruitlessPause, type PutJob, plainHash } from './put-hash.ts';
import { uploadParts } from './upload-parts.ts';
import { withoutConflict } from './without-conflict.ts';

const mebibyte = 1024 * 1024;

/** S3 takes so many parts, and no smaller ones but the last. */
const smallest = { unit: mebibyte, least: 5 * mebibyte, mostParts: 10_000 };
const usual = { ...smallest, least: bufferBytes };

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
      partBytes: partBytesFor(size, wasFruitless ? smallest : usual),
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
    return { kind: 'stored', size: bytesOf(uploaded.parts) };
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
  const listed = await bucket.listParts(upload, signal);
  const done = listed?.slice(0, parts) ?? [];
  const hash = isWhole(done, parts) ? savedHash(saved, bytesOf(done)) : undefined;
  if (listed !== undefined && hash !== undefined) return { upload, done, hash };
  if (listed !== undefined) await bucket.abortUpload(upload).catch(() => undefined);
  return undefined;
}

function isWhole(listed: readonly UploadedPart[], parts: number): boolean {
  return listed.length === parts && listed.every(({ number }, at) => number === at + 1);
}

function bytesOf(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

function pausedAt(
  job: PutJob,
  { upload, done, hash }: Begun,
  parts: readonly UploadedPart[],
): PutOutcome {
  const saved = hash.save();
  if (saved === undefined || parts.length === done.length) return fruitlessPause(job);
  const progress = { id: upload.id, parts: parts.length, hash: saved, etags: undefined };
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

function partBytesFor(size: number | undefined, bounds: typeof usual): number {
  const bytes = partBytes(size, bounds);
  if (bytes > largestBuffer) throw new Error(`a blob of ${size} bytes is too large for the bucket`);
  return bytes;
}
