import { Readable } from 'node:stream';
import { encodedOf } from '../../core/oci/digest.ts';
import type { PutOutcome } from '../../core/ports/blob-store.ts';
import type { Published } from './bucket.ts';
import { PartReader } from './part-reader.ts';
import { notPublished, withoutConflict } from './publish.ts';
import { barrenPause, mismatch, type PutJob } from './put-job.ts';

/** What is held between source and bucket, in bytes. */
const highWaterMark = 1024 * 1024;

/** The reading of the source ended the put. */
class SourceEnded extends Error {
  readonly outcome: PutOutcome;

  constructor(reason: string) {
    super(reason);
    this.outcome = mismatch(reason);
  }
}

/**
 * Stores a blob by one request, from its source straight into the bucket. S3 is told its SHA-256
 * before and publishes nothing else, so nothing is hashed here.
 */
export async function putAsStream(job: PutJob, size: number): Promise<PutOutcome> {
  try {
    const published = await withoutConflict(() => attempt(job, size));
    switch (published.kind) {
      case 'published':
      case 'there-already':
        return { kind: 'stored', size };
      case 'wrong-bytes':
        return mismatch('their digest is another');
      default:
        throw notPublished('PutObject', published);
    }
  } catch (error) {
    job.signal.throwIfAborted();
    if (error instanceof SourceEnded) return error.outcome;
    if (job.pause.aborted) return barrenPause(job);
    throw error;
  }
}

async function attempt(job: PutJob, size: number): Promise<Published> {
  const { bucket, key, wanted, source, signal, pause } = job;
  const failure = new AbortController();
  const going = AbortSignal.any([signal, pause, failure.signal]);
  const reader = new PartReader(source.open(0), going);
  // A body that fails leaves its request waiting for the rest: the request has to be ended.
  const chunks = checked(reader, size, (error) => failure.abort(error));
  const body = Readable.from(chunks, { objectMode: false, highWaterMark });
  try {
    const sha256 = encodedOf(wanted.digest);
    return await bucket.put(key, body, { size, sha256 }, going);
  } catch (error) {
    failure.signal.throwIfAborted();
    throw error;
  } finally {
    reader.cancel(new Error('no more of it is needed'));
    body.destroy();
  }
}

/** What the reader gives; the last bytes only once it is sure that there are no more than `size`. */
async function* checked(
  reader: PartReader,
  size: number,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  let held: Uint8Array | undefined;
  try {
    for (;;) {
      const bytes = await reader.next();
      if (bytes === undefined) break;
      received += bytes.byteLength;
      if (received > size) throw new SourceEnded(`there are more than ${size}`);
      if (held !== undefined) yield held;
      held = bytes;
    }
    if (received < size) throw new SourceEnded(`there are ${received} where ${size} were wanted`);
  } catch (error) {
    onFailure(error);
    return;
  }
  if (held !== undefined) yield held;
}
