import { algorithmOf, type Digest, encodedOf } from '../../oci/digest.ts';
import { type PutOutcome, wrongDigest, wrongSize } from '../../ports/blob-store.ts';
import { type BucketObjects, notPublished } from '../bucket.ts';
import type { CreateHash } from './hash.ts';

/** A blob that is put in one piece. */
export interface WholePut {
  readonly bucket: Pick<BucketObjects, 'put'>;
  readonly key: string;
  readonly digest: Digest;
  readonly createHash: CreateHash;
  readonly signal: AbortSignal | undefined;
}

/** The bytes of a source, from its start. */
export interface WholeReader {
  /** Fills a buffer; resolves to how many bytes there were: fewer only at the end. */
  fill(buffer: Uint8Array): Promise<number>;
  /** True when no byte is left. */
  isAtEnd(): Promise<boolean>;
}

/**
 * Stores a blob by way of a buffer of its size: it is read whole and verified before a byte is sent,
 * and can be sent again. The bucket verifies it once more, as what it got may differ from what was
 * sent.
 */
export async function putWhole(
  { bucket, key, digest, createHash, signal }: WholePut,
  reader: WholeReader,
  buffer: Uint8Array,
): Promise<PutOutcome> {
  const size = buffer.byteLength;
  const got = await reader.fill(buffer);
  if (got < size) return wrongSize(size, got);
  if (!(await reader.isAtEnd())) return wrongSize(size, size + 1);
  const algorithm = algorithmOf(digest);
  const hex = hexOf(createHash(algorithm), buffer);
  if (hex !== encodedOf(digest)) return wrongDigest(digest, hex);
  const sha256 = algorithm === 'sha256' ? hex : hexOf(createHash('sha256'), buffer);
  const published = await bucket.put(key, buffer, { size, sha256 }, signal);
  if (published.kind === 'published' || published.kind === 'there-already') {
    return { kind: 'stored', size };
  }
  throw notPublished('put a blob', published);
}

function hexOf(hash: ReturnType<CreateHash>, bytes: Uint8Array): string {
  hash.update(bytes);
  return hash.hex();
}
