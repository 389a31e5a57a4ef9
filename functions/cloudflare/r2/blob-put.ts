import { blobKey } from '../../core/bucket/blob-key.ts';
import { readProgress } from '../../core/bucket/put/progress.ts';
import { putWhole } from '../../core/bucket/put/whole.ts';
import type {
  BlobSource,
  PutOptions,
  PutOutcome,
  StoredBlob,
  WantedBlob,
} from '../../core/ports/blob-store.ts';
import { platformHash } from './blob-hash.ts';
import { r2Objects } from './bucket-objects.ts';
import { putInParts } from './multipart.ts';
import { wholeBytes } from './part-uploads.ts';
import { openReader } from './source-reader.ts';

/** What a put needs of the store. */
export interface PutContext {
  readonly bucket: R2Bucket;
  /** Ms since 1970. */
  readonly now: () => number;
  /** After so many bytes a put that may pause does so. */
  readonly bytesPerPut: number;
  /** Asks the bucket for the blob. */
  find(): Promise<StoredBlob | undefined>;
  /** Notes that the blob is in the bucket. */
  note(stored: StoredBlob): Promise<void>;
}

/**
 * One put of one blob: small ones in one piece that R2 itself verifies, others in parts. Rejects
 * with the error of the source, of the abort or of R2.
 */
export async function putBlob(
  context: PutContext,
  wanted: WantedBlob,
  source: BlobSource,
  options: PutOptions,
): Promise<PutOutcome> {
  const { signal, progress } = options;
  const noted = async (stored: StoredBlob): Promise<PutOutcome> => {
    await context.note(stored);
    return { kind: 'stored', size: stored.size };
  };
  signal?.throwIfAborted();
  const before = await context.find();
  if (before !== undefined) {
    await dropUpload(context, wanted, progress);
    return noted(before);
  }
  let outcome: PutOutcome;
  try {
    outcome = await send(context, wanted, source, options);
  } catch (error) {
    // An answer may be lost, or another put of the same bytes was first. The first error is told.
    const stored = signal?.aborted ? undefined : await context.find().catch(() => undefined);
    if (stored === undefined) throw error;
    return noted(stored);
  }
  if (outcome.kind !== 'stored') return outcome;
  const stored = await context.find();
  // Deleted a moment after it was stored, which the row must not outlive.
  return stored === undefined ? outcome : noted(stored);
}

async function send(
  { bucket, now, bytesPerPut }: PutContext,
  wanted: WantedBlob,
  source: BlobSource,
  options: PutOptions,
): Promise<PutOutcome> {
  const { size } = wanted;
  if (size === undefined || size > wholeBytes) {
    return putInParts({ bucket, now, bytesPerPut, wanted, source, options });
  }
  const reader = openReader(source, { start: 0, signal: options.signal, now });
  try {
    const key = blobKey(wanted.digest);
    const objects = r2Objects(bucket);
    const put = { bucket: objects, key, digest: wanted.digest, signal: options.signal };
    return await putWhole({ ...put, createHash: platformHash }, reader, new Uint8Array(size));
  } finally {
    reader.close();
  }
}

/** The blob came another way while its upload was paused. */
async function dropUpload(
  { bucket }: PutContext,
  { digest }: WantedBlob,
  text: string | undefined,
): Promise<void> {
  const left = readProgress(text)?.upload;
  if (left === undefined) return;
  const upload = bucket.resumeMultipartUpload(blobKey(digest), left.id);
  await upload.abort().catch(() => undefined);
}
