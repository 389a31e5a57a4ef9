import type { Bucket, UploadedPart } from '../../core/bucket/bucket.ts';
import { bytesOf } from '../../core/bucket/put/parts.ts';
import type { PutTarget } from '../../core/bucket/put/target.ts';
import type { BufferPool } from './buffer-pool.ts';
import { ReadAhead } from './read-ahead.ts';

/** What moves a blob to S3. */
export interface Transfer {
  readonly bucket: Bucket;
  readonly buffers: BufferPool;
  /** How many slices or parts may be read at a time. */
  readonly lanes: () => Promise<number>;
}

/**
 * Sends a blob in parts. Several are read at a time, each is sent as soon as it is read, and they are
 * hashed in order; the memory of a part is free once it is both sent and hashed.
 */
export function uploadParts({ bucket, buffers, lanes }: Transfer): PutTarget['sendParts'] {
  return async ({ source, wanted, upload, done, partBytes, hash, progress, signal, deadline }) => {
    const failure = new AbortController();
    const sending = AbortSignal.any([signal, failure.signal]);
    const parts: UploadedPart[] = [...done];
    const uploads: Promise<void>[] = [];
    const ahead = new ReadAhead({
      source,
      start: bytesOf(done),
      size: wanted.size,
      sliceBytes: partBytes,
      // One at a time if the last put could not even move one part.
      lanes: (progress?.stalls ?? 0) > 0 ? 1 : await lanes(),
      buffers,
      signal: AbortSignal.any([sending, deadline.signal]),
      onRead(bytes, index) {
        const at = done.length + index;
        const sent = bucket.uploadPart(upload, at + 1, bytes, sending).then(
          (part) => {
            parts[at] = part;
          },
          (error: unknown) => failure.abort(error),
        );
        uploads.push(sent);
        return sent;
      },
    });
    let count = done.length;
    let isComplete = false;
    try {
      for await (const bytes of ahead.slices()) {
        hash.update(bytes);
        count += 1;
      }
      isComplete = true;
    } catch (error) {
      if (!deadline.hasPassed) failure.abort(error);
    }
    await ahead.close();
    await Promise.all(uploads);
    signal.throwIfAborted();
    failure.signal.throwIfAborted();
    // Parts after one that is missing are sent again by the next put.
    return { parts: parts.slice(0, count), isComplete, saved: hash.save() };
  };
}
