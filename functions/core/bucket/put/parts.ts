import { algorithmOf, encodedOf } from '../../oci/digest.ts';
import { type PutOutcome, wrongDigest } from '../../ports/blob-store.ts';
import { BucketError, notPublished, type OpenUpload, type UploadedPart } from '../bucket.ts';
import { oneMoreFruitless, type PausedUpload, writeProgress } from '../progress.ts';
import { lastingHash, type PutHash, savedHash } from './hash.ts';
import { partBytes } from './part-size.ts';
import type { PartsSent, PutJob, PutWays } from './ways.ts';

/** A port's bound for progress, in letters of ASCII. */
const longestProgress = 60_000;

/** An upload to begin or to go on with. */
interface Begun {
  readonly upload: OpenUpload;
  readonly done: readonly UploadedPart[];
  readonly hash: PutHash;
  /** A put before this one began it. */
  readonly isResumed: boolean;
}

/**
 * Stores a blob in parts. It is hashed here, because no bucket has the SHA-256 of an upload in parts
 * as a whole, and published only if that is right. `isLasting`: the hash has to outlive this process.
 */
export async function putInParts(
  job: PutJob,
  ways: PutWays,
  isLasting: boolean,
): Promise<PutOutcome> {
  const resumed = await goOn(job, ways);
  if (resumed === undefined) return putFrom(job, ways, await begin(job, ways, isLasting));
  try {
    return await putFrom(job, ways, resumed);
  } catch (error) {
    // Somebody ended it, or it is too old.
    if (!isGone(error) || job.signal.aborted) throw error;
    return putFrom(job, ways, await begin(job, ways, isLasting));
  }
}

async function putFrom(job: PutJob, ways: PutWays, begun: Begun): Promise<PutOutcome> {
  const { source, wanted, progress, signal, pause, timeLeft } = job;
  const { size } = wanted;
  const { upload, hash, done, isResumed } = begun;
  const wasFruitless = (progress?.fruitless ?? 0) > 0;
  const bytes = partBytes(size, ways.partBounds(wasFruitless));
  const until = { signal, pause, timeLeft };
  /** Or completed: nothing to abort. */
  let isKept = false;
  try {
    const what = { source, size, upload, done, hash, partBytes: bytes, wasFruitless };
    const sent = await ways.sendParts({ ...what, ...until });
    if (sent.kind === 'mismatch') return sent;
    if (sent.kind === 'paused') {
      const paused = pausedUpload(ways, begun, sent);
      const outcome = pausedAt(job, begun, sent, paused);
      isKept = paused !== undefined;
      return outcome;
    }
    const hex = hash.hex();
    if (hex !== encodedOf(wanted.digest)) return wrongDigest(wanted.digest, hex);
    isKept = await publish(job, ways, upload, sent.parts);
    return { kind: 'stored', size: bytesOf(sent.parts) };
  } catch (error) {
    // The queue gives the same progress to the next put, which can go on from it.
    isKept = isResumed && !signal.aborted;
    throw error;
  } finally {
    // An upload that stays is removed by the bucket itself after some days.
    if (!isKept) await ways.bucket.abortUpload(upload).catch(() => undefined);
  }
}

async function begin(
  { key, wanted, signal }: PutJob,
  { bucket, createHash }: PutWays,
  isLasting: boolean,
): Promise<Begun> {
  const algorithm = algorithmOf(wanted.digest);
  // Nobody stores layers by SHA-512 yet, so there is no such hash that can be saved.
  const hash = isLasting && algorithm === 'sha256' ? lastingHash() : createHash(algorithm);
  return { upload: await bucket.createUpload(key, signal), done: [], hash, isResumed: false };
}

/** The upload that a pause left; undefined when the bucket has not all of it any more. */
async function goOn(job: PutJob, ways: PutWays): Promise<Begun | undefined> {
  const paused = job.progress?.upload;
  if (paused === undefined) return undefined;
  const { bucket } = ways;
  const upload = { key: job.key, id: paused.id };
  const listed =
    bucket.listParts === undefined
      ? partsOf(paused, partBytes(job.wanted.size, ways.partBounds(false)))
      : await bucket.listParts(upload, job.signal);
  const done = listed?.slice(0, paused.parts) ?? [];
  const hash = isWhole(done, paused.parts) ? savedHash(paused.hash, bytesOf(done)) : undefined;
  if (listed !== undefined && hash !== undefined) return { upload, done, hash, isResumed: true };
  if (listed !== undefined) await bucket.abortUpload(upload).catch(() => undefined);
  return undefined;
}

/** The parts that a progress names, all of which have the usual size. */
function partsOf({ etags = [] }: PausedUpload, size: number): UploadedPart[] {
  return etags.map((etag, at) => ({ number: at + 1, size, etag, crc32: undefined }));
}

function isWhole(listed: readonly UploadedPart[], parts: number): boolean {
  return listed.length === parts && listed.every(({ number }, at) => number === at + 1);
}

function bytesOf(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

type Paused = Extract<PartsSent, { kind: 'paused' }>;

/** What the next put can go on from; undefined when it has to begin anew. */
function pausedUpload(
  { bucket }: PutWays,
  { upload }: Begun,
  { parts, saved }: Paused,
): PausedUpload | undefined {
  if (saved === undefined || parts.length === 0) return undefined;
  const etags = bucket.listParts === undefined ? parts.map(({ etag }) => etag) : undefined;
  return { id: upload.id, parts: parts.length, hash: saved, etags };
}

function pausedAt(
  { progress: before }: PutJob,
  { done }: Begun,
  { parts }: Paused,
  upload: PausedUpload | undefined,
): PutOutcome {
  const isFruitless = upload === undefined || parts.length === done.length;
  const fruitless = isFruitless ? oneMoreFruitless(before?.fruitless ?? 0) : 0;
  const progress = writeProgress({ fruitless, upload });
  // Tags of R2 have a third of the letters that would come to this.
  if (progress.length > longestProgress) throw new Error('the tags of the parts are too long');
  return { kind: 'paused', progress };
}

/** Puts the parts together, unless another writer was first. Resolves to whether they were. */
async function publish(
  { key }: PutJob,
  { bucket }: PutWays,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
): Promise<boolean> {
  const published = await bucket.complete(upload, parts);
  if (published.kind === 'published') return true;
  if (published.kind === 'there-already') return false;
  // The answer to a Complete that succeeded may have been lost, and it was asked for again.
  const object = published.kind === 'upload-gone' ? await bucket.head(key) : undefined;
  if (object !== undefined) return true;
  throw notPublished('complete an upload', published);
}

function isGone(error: unknown): boolean {
  return error instanceof BucketError && ['NoSuchUpload', 'upload-gone'].includes(error.code);
}
