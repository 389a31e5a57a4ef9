import { algorithmOf, encodedOf } from '../../core/oci/digest.ts';
import { type PutOutcome, wrongDigest, wrongSize } from '../../core/ports/blob-store.ts';
import { nodeHashing } from '../sdk/aws-credentials.ts';
import { PartReader } from './part-reader.ts';
import { notPublished, withoutConflict } from './publish.ts';
import { fruitlessPause, type PutJob, plainHash } from './put-hash.ts';

/**
 * Stores a blob that fits into one buffer: it is read whole and verified before a byte is sent, and
 * can be sent again.
 */
export async function putInMemory(job: PutJob, size: number): Promise<PutOutcome> {
  const { buffers, signal, pause } = job;
  const reading = AbortSignal.any([signal, pause]);
  let buffer: Buffer | undefined;
  try {
    buffer = await buffers.acquire(size, reading);
    return (await read(job, buffer, reading)) ?? (await send(job, buffer));
  } catch (error) {
    if (pause.aborted && !signal.aborted) return fruitlessPause(job);
    throw error;
  } finally {
    if (buffer !== undefined) buffers.release(buffer);
  }
}

/** Fills the buffer; undefined when it then holds what was wanted. */
async function read(
  { source, wanted }: PutJob,
  buffer: Buffer,
  signal: AbortSignal,
): Promise<PutOutcome | undefined> {
  const size = buffer.byteLength;
  const reader = new PartReader(source.open(0), signal);
  try {
    const got = await reader.fill(buffer);
    if (got < size) return wrongSize(size, got);
    if (!(await reader.isAtEnd())) return wrongSize(size, size + 1);
  } finally {
    reader.cancel(new Error('no more of it is needed'));
  }
  const hash = plainHash(algorithmOf(wanted.digest));
  hash.update(buffer);
  const hex = hash.hex();
  return hex === encodedOf(wanted.digest) ? undefined : wrongDigest(wanted.digest, hex);
}

async function send({ bucket, key, wanted, signal }: PutJob, buffer: Buffer): Promise<PutOutcome> {
  const { digest } = wanted;
  const isSha256 = algorithmOf(digest) === 'sha256';
  const sha256 = isSha256 ? encodedOf(digest) : nodeHashing.sha256Hex(buffer);
  const size = buffer.byteLength;
  const published = await withoutConflict(() => bucket.put(key, buffer, { size, sha256 }, signal));
  if (published.kind === 'published' || published.kind === 'there-already') {
    return { kind: 'stored', size };
  }
  throw notPublished('PutObject', published);
}
