import { ResumableSha256 } from '../../bytes/resumable-sha256.ts';
import { algorithmOf, encodedOf } from '../../oci/digest.ts';
import { type PutOutcome, wrongDigest } from '../../ports/blob-store.ts';
import { BucketError, notPublished, type OpenUpload, type UploadedPart } from '../bucket.ts';
import { nextStall, type PausedUpload, type PutProgress, writeProgress } from '../progress.ts';
import { WrongSize } from './part-reader.ts';
import type { PartBounds, PartsUpload, PutJob, PutTarget, SentParts } from './target.ts';

/** The limit of `PutOutcome.progress`, in characters. The ETags of R2 need a third of it. */
const maxProgress = 60_000;

/**
 * Stores a blob by an upload in parts. No bucket computes the SHA-256 of such an upload, so the blob
 * is hashed here, and published only if its digest is right. `mayPause`: use a hash that can be saved.
 */
export async function putInParts(
  job: PutJob,
  target: PutTarget,
  mayPause: boolean,
): Promise<PutOutcome> {
  const resumed = await resume(job, target);
  if (resumed !== undefined) {
    try {
      return await sendRest(job, target, resumed, true);
    } catch (error) {
      // The upload was aborted, or expired, after its parts were listed.
      if (!isGone(error) || job.signal.aborted) throw error;
    }
  }
  return sendRest(job, target, await begin(job, target, mayPause), false);
}

async function sendRest(
  job: PutJob,
  target: PutTarget,
  begun: PartsUpload,
  isResumed: boolean,
): Promise<PutOutcome> {
  const { digest, size } = job.wanted;
  const { upload, hash } = begun;
  /** True if the upload is paused, or complete. */
  let isKept = false;
  try {
    const bytes = partBytes(size, target.partBounds(job));
    const sent = await target.sendParts({ ...job, ...begun, partBytes: bytes });
    if (!sent.isComplete) {
      const paused = progressOf(job, target, begun, sent);
      const progress = writeProgress(paused);
      if (progress.length > maxProgress) throw new Error('the ETags of the parts are too long');
      isKept = paused.upload !== undefined;
      return { kind: 'paused', progress };
    }
    const hex = hash.hex();
    if (hex !== encodedOf(digest)) return wrongDigest(digest, hex);
    isKept = await publish(job, target, upload, sent.parts);
    return { kind: 'stored', size: bytesOf(sent.parts) };
  } catch (error) {
    // The queue delivers the same progress again, so the next put can resume this upload.
    isKept = isResumed && !job.signal.aborted && !(error instanceof WrongSize);
    throw error;
  } finally {
    // The bucket itself removes an upload that cannot be aborted, after some days.
    if (!isKept) await target.bucket.abortUpload(upload).catch(() => undefined);
  }
}

async function begin(
  { key, wanted, signal }: PutJob,
  { bucket, createHash }: PutTarget,
  mayPause: boolean,
): Promise<PartsUpload> {
  const algorithm = algorithmOf(wanted.digest);
  // No SHA-512 can be saved: layers with such digests are rare.
  const hash = mayPause && algorithm === 'sha256' ? new ResumableSha256() : createHash(algorithm);
  return { upload: await bucket.createUpload(key, signal), done: [], hash };
}

/** The paused upload; undefined, and aborted, if the bucket or the progress lacks a part of it. */
async function resume(job: PutJob, target: PutTarget): Promise<PartsUpload | undefined> {
  const paused = job.progress?.upload;
  if (paused === undefined) return undefined;
  const { bucket } = target;
  const upload = { key: job.key, id: paused.id };
  const listed =
    bucket.listParts === undefined
      ? partsOf(paused, partBytes(job.wanted.size, target.partBounds(job)))
      : await bucket.listParts(upload, job.signal);
  if (listed === undefined) return undefined;
  const done = listed.slice(0, paused.parts);
  const hasAll = done.length === paused.parts && done.every(({ number }, at) => number === at + 1);
  const hash = hasAll ? ResumableSha256.restore(paused.hash) : undefined;
  if (hash?.length === bytesOf(done)) return { upload, done, hash };
  await bucket.abortUpload(upload).catch(() => undefined);
  return undefined;
}

/** The parts that the progress names, each of the usual size. */
function partsOf({ etags = [] }: PausedUpload, size: number): UploadedPart[] {
  return etags.map((etag, at) => ({ number: at + 1, size, etag, crc32: undefined }));
}

/** What the next put can resume from. */
function progressOf(
  { progress: before }: PutJob,
  { bucket }: PutTarget,
  { upload, done }: PartsUpload,
  { parts, saved }: SentParts,
): PutProgress {
  const etags = bucket.listParts === undefined ? parts.map(({ etag }) => etag) : undefined;
  const paused =
    saved === undefined || parts.length === 0
      ? undefined
      : { id: upload.id, parts: parts.length, hash: saved, etags };
  const isStall = paused === undefined || parts.length === done.length;
  return { stalls: isStall ? nextStall(before?.stalls) : 0, upload: paused };
}

/** Completes the upload. Resolves to false if another writer published the blob first. */
async function publish(
  { key }: PutJob,
  { bucket }: PutTarget,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
): Promise<boolean> {
  const published = await bucket.complete(upload, parts);
  if (published.kind === 'published') return true;
  if (published.kind === 'there-already') return false;
  // The first Complete may have succeeded although its answer was lost.
  const object = published.kind === 'upload-gone' ? await bucket.head(key) : undefined;
  if (object !== undefined) return true;
  throw notPublished('complete an upload', published);
}

function isGone(error: unknown): boolean {
  return error instanceof BucketError && ['NoSuchUpload', 'upload-gone'].includes(error.code);
}

/** The sizes of parts together. */
export function bytesOf(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/**
 * The size of all parts but the last, in bytes: the smallest that does not need too many parts, and
 * the least for a blob of unknown size. It depends on the blob's size alone, so that another process
 * can resume the upload. Throws if the blob is too large for the bucket.
 */
export function partBytes(
  size: number | undefined,
  { unit, least, mostParts, largest }: PartBounds,
): number {
  const bytes = Math.max(least, Math.ceil((size ?? 0) / mostParts / unit) * unit);
  if (bytes > largest) throw new Error(`a blob of ${size} bytes is too large for the bucket`);
  return bytes;
}
