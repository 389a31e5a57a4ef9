import type { PartsSent, PartsToSend, PutWays } from '../../core/bucket/put/ways.ts';
import { wrongSize } from '../../core/ports/blob-store.ts';
import { R2PartUploads } from './part-uploads.ts';
import { openReader, type SourceReader } from './source-reader.ts';

/**
 * Sends parts one after another, each as a stream, so that an isolate holds no part. Pauses after
 * `bytesPerPut` bytes as well, where the hash can be saved.
 */
export function sendParts(bucket: R2Bucket, bytesPerPut: number): PutWays['sendParts'] {
  return async (parts) => {
    const { source, upload, done, partBytes, signal, pause, timeLeft } = parts;
    const handle = bucket.resumeMultipartUpload(upload.key, upload.id);
    const uploads = new R2PartUploads(handle, done);
    const start = uploads.count * partBytes;
    const reader = openReader(source, { start, signal, pause, timeLeft });
    try {
      return await sendAll({ ...parts, reader, uploads, bytesPerPut });
    } finally {
      reader.close();
    }
  };
}

/** A blob on its way, part by part. */
interface Sending extends PartsToSend {
  readonly reader: SourceReader;
  readonly uploads: R2PartUploads;
  readonly bytesPerPut: number;
}

/** Reads and sends all that is left. */
async function sendAll(sending: Sending): Promise<PartsSent> {
  const { size, partBytes, reader, uploads, hash, bytesPerPut } = sending;
  const start = uploads.count * partBytes;
  for (let at = start; size === undefined || at < size; ) {
    const saved = hash.save();
    const isEnough = saved !== undefined && at - start >= bytesPerPut;
    if (reader.isPausing() || isEnough) {
      return { kind: 'paused', parts: await uploads.all(), saved };
    }
    const length = Math.min(partBytes, (size ?? Number.POSITIVE_INFINITY) - at);
    const came = await sendPart(sending, length);
    if (came < length && reader.isPausing()) {
      return { kind: 'paused', parts: await uploads.all(), saved };
    }
    at += came;
    if (came < length && size !== undefined) return wrongSize(size, at);
    if (came < length) break;
  }
  if (size !== undefined && !(await reader.isAtEnd())) return wrongSize(size, size + 1);
  return { kind: 'whole', parts: await uploads.all() };
}

/** Sends one part, by way of memory when nobody knows whether it will be whole. */
async function sendPart({ reader, uploads, size, hash }: Sending, length: number): Promise<number> {
  if (size !== undefined) {
    return uploads.stream(length, async (most) => {
      const bytes = await reader.next(most);
      if (bytes !== undefined) hash.update(bytes);
      return bytes;
    });
  }
  const target = new Uint8Array(length);
  const bytes = target.subarray(0, await reader.fill(target));
  // What is cut by the pause is no last part.
  if (bytes.byteLength < length && reader.isPausing()) return bytes.byteLength;
  hash.update(bytes);
  if (bytes.byteLength > 0) await uploads.send(bytes);
  return bytes.byteLength;
}
