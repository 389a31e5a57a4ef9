import type { MissingBlob } from '../../core/bucket/bucket-blob-store.ts';
import { putWhole } from '../../core/bucket/put/whole.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import { platformHash } from './blob-hash.ts';
import { r2Objects } from './bucket-objects.ts';
import { putInParts, type R2PutOptions } from './multipart.ts';
import { wholeBytes } from './part-uploads.ts';
import { openReader } from './source-reader.ts';

/**
 * One put of one blob that is not there: small ones in one piece that R2 itself verifies, others in
 * parts. Rejects with the error of the source, of the abort or of R2.
 */
export async function putBlob(options: R2PutOptions, missing: MissingBlob): Promise<PutOutcome> {
  try {
    return await send(options, missing);
  } catch (error) {
    // An answer may be lost, or another put of the same bytes was first. The first error is told.
    if (missing.signal.aborted) throw error;
    const stored = await options.bucket.head(missing.key).catch(() => null);
    if (stored === null) throw error;
    return { kind: 'stored', size: stored.size };
  }
}

async function send(options: R2PutOptions, missing: MissingBlob): Promise<PutOutcome> {
  const { key, wanted, source, signal } = missing;
  const { digest, size } = wanted;
  if (size === undefined || size > wholeBytes) return putInParts({ ...options, ...missing });
  const reader = openReader(source, { start: 0, signal, now: options.now });
  try {
    const bucket = r2Objects(options.bucket);
    const put = { bucket, key, digest, createHash: platformHash, signal };
    return await putWhole(put, reader, new Uint8Array(size));
  } finally {
    reader.close();
  }
}
