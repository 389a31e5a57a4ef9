import type { MissingBlob } from '../../core/bucket/bucket-blob-store.ts';
import { savedHash } from '../../core/bucket/put/hash.ts';
import {
  oneMoreFruitless,
  type PutProgress,
  writeProgress,
} from '../../core/bucket/put/progress.ts';
import { encodedOf } from '../../core/oci/digest.ts';
import {
  type Mismatch,
  type PutOutcome,
  type WantedBlob,
  wrongDigest,
  wrongSize,
} from '../../core/ports/blob-store.ts';
import { type BlobHash, blobHash } from './blob-hash.ts';
import { partBytesOf, R2PartUploads } from './part-uploads.ts';
import { openReader, type SourceReader } from './source-reader.ts';

/** A port's bound for progress, in letters of ASCII. */
const longestProgress = 60_000;

/** Where a blob is put, and how much of it at a time. */
export interface R2PutOptions {
  readonly bucket: R2Bucket;
  /** Ms since 1970. */
  readonly now: () => number;
  /** After so many bytes a put that may pause does so, in favour of the platform's CPU limit. */
  readonly bytesPerPut: number;
}

/** A put of many parts that is to be made. */
type MultipartPut = MissingBlob & R2PutOptions;

/** A blob on its way, part by part. */
interface Sending {
  readonly wanted: WantedBlob;
  readonly reader: SourceReader;
  readonly hash: BlobHash;
  readonly partBytes: number;
  readonly uploads: R2PartUploads;
  readonly uploadId: string;
  readonly bytesPerPut: number;
  /** How many puts before this one paused in a row without one more part. */
  readonly fruitless: number;
}

/** What came of sending; `right`: all parts are sent, and are the wanted bytes. */
type Sent =
  | Mismatch
  | { readonly kind: 'right' }
  /** With or without an upload that the next put goes on from. */
  | { readonly kind: 'paused'; readonly progress: string; readonly hasUpload: boolean };

/** R2 knows no such upload: it was ended meanwhile, or is older than a week. */
class UploadGone extends Error {}

/**
 * Puts a large blob in parts, hashed as they pass. Only a complete upload becomes visible, and it is
 * completed only when the hash is right. Rejects with the error of the source or of R2.
 */
export async function putInParts(put: MultipartPut): Promise<PutOutcome> {
  const { progress } = put;
  try {
    return await putFrom(put, progress);
  } catch (error) {
    if (!(error instanceof UploadGone)) throw error;
    return putFrom(put, { fruitless: progress?.fruitless ?? 0, upload: undefined });
  }
}

async function putFrom(put: MultipartPut, progress: PutProgress | undefined): Promise<PutOutcome> {
  const { bucket, key, wanted, source, signal, pauseAt } = put;
  const partBytes = partBytesOf(wanted.size);
  const resumed = resumedUpload(progress, partBytes);
  const fruitless = progress?.fruitless ?? 0;
  const time = pauseAt === undefined ? undefined : pauseAt - put.now();
  const isAgain = progress !== undefined;
  const hash = blobHash(wanted, { time, saved: resumed?.hash, isAgain });
  const upload = resumed
    ? bucket.resumeMultipartUpload(key, resumed.id)
    : await bucket.createMultipartUpload(key);
  const uploads = new R2PartUploads(upload, resumed?.etags ?? []);
  const mayPause = pauseAt !== undefined && hash.whenPaused !== 'impossible';
  const reader = openReader(source, {
    start: uploads.count * partBytes,
    signal,
    pauseAt: mayPause ? pauseAt : undefined,
    now: put.now,
  });
  const isBounded = mayPause && hash.whenPaused === 'go-on';
  const bytesPerPut = isBounded ? put.bytesPerPut : Number.POSITIVE_INFINITY;
  let isKept = false;
  try {
    const { uploadId } = upload;
    const upTo = { partBytes, bytesPerPut, fruitless };
    const sent = await sendAll({ wanted, reader, hash, uploads, uploadId, ...upTo });
    if (sent.kind === 'right') {
      const { size } = await upload.complete(await uploads.all());
      isKept = true;
      return { kind: 'stored', size };
    }
    if (sent.kind === 'mismatch') return sent;
    isKept = sent.hasUpload;
    return { kind: 'paused', progress: sent.progress };
  } catch (error) {
    if (resumed !== undefined && isGone(error)) throw new UploadGone();
    // The job of an upload that was gone on with comes again, with the progress that it came with.
    isKept = resumed !== undefined && !signal.aborted;
    throw error;
  } finally {
    reader.close();
    // Best effort: R2 itself ends an upload that is a week old.
    if (!isKept) await upload.abort().catch(() => undefined);
  }
}

/** The upload that a put is to go on with; undefined when it cannot. */
function resumedUpload(progress: PutProgress | undefined, partBytes: number) {
  const { id, etags, hash: saved } = progress?.upload ?? {};
  if (id === undefined || etags === undefined || saved === undefined) return undefined;
  const hash = savedHash(saved, etags.length * partBytes);
  return hash && { id, etags, hash };
}

/** Reads and sends all that is left. */
async function sendAll(sending: Sending): Promise<Sent> {
  const { wanted, reader, uploads, hash } = sending;
  const { size } = wanted;
  const first = uploads.count;
  const start = first * sending.partBytes;
  for (let at = start; size === undefined || at < size; ) {
    const saved = hash.save();
    const isEnough = at - start >= sending.bytesPerPut;
    if (reader.isPausing() || isEnough) return pausedAt(sending, first, saved);
    const length = Math.min(sending.partBytes, (size ?? Number.POSITIVE_INFINITY) - at);
    const came = await sendPart(sending, length);
    if (came < length && reader.isPausing()) return pausedAt(sending, first, saved);
    at += came;
    if (came < length && size !== undefined) return wrongSize(size, at);
    if (came < length) break;
  }
  if (size !== undefined && !(await reader.isAtEnd())) {
    return wrongSize(size, size + 1);
  }
  const hex = hash.hex();
  return hex === encodedOf(wanted.digest) ? { kind: 'right' } : wrongDigest(wanted.digest, hex);
}

/** Sends one part, by way of memory when nobody knows whether it will be whole. */
async function sendPart(
  { reader, uploads, wanted, hash }: Sending,
  length: number,
): Promise<number> {
  if (wanted.size === undefined) {
    const target = new Uint8Array(length);
    const bytes = target.subarray(0, await reader.fill(target));
    hash.update(bytes);
    if (bytes.byteLength > 0) await uploads.send(bytes);
    return bytes.byteLength;
  }
  return uploads.stream(length, async (most) => {
    const bytes = await reader.next(most);
    if (bytes !== undefined) hash.update(bytes);
    return bytes;
  });
}

/** Time is up: what the next put goes on from. Rejects when a part failed after all. */
async function pausedAt(
  { uploads, uploadId, hash, fruitless }: Sending,
  first: number,
  saved: string | undefined,
): Promise<Sent> {
  const parts = await uploads.all();
  if (hash.whenPaused === 'begin-anew' || saved === undefined || parts.length === 0) {
    const progress = writeProgress({ fruitless: oneMoreFruitless(fruitless), upload: undefined });
    return { kind: 'paused', progress, hasUpload: false };
  }
  const etags = parts.map(({ etag }) => etag);
  const count = parts.length === first ? oneMoreFruitless(fruitless) : 0;
  const upload = { id: uploadId, parts: etags.length, etags, hash: saved };
  const progress = writeProgress({ fruitless: count, upload });
  // Tags of R2 have a third of the letters that would come to this.
  if (progress.length > longestProgress) throw new Error('the tags of R2 are too long to pause');
  return { kind: 'paused', progress, hasUpload: true };
}

/** R2's NoSuchUpload and InvalidPart (R2, "Error codes"): its binding tells them in the text only. */
function isGone(error: unknown): boolean {
  return error instanceof Error && /\((?:10024|10025)\)/.test(error.message);
}
