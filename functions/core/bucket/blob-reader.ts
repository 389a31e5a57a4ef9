import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { ByteRange } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobLocation } from '../ports/blob-store.ts';
import { blobKey } from './blob-key.ts';

/** An open object, or a range of it. */
export interface ReadObject {
  /** Of the whole object, in bytes. */
  readonly size: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Opens an object, or a range of it; undefined when there is none. */
export type ReadBucket = (key: string, range?: ByteRange) => Promise<ReadObject | undefined>;

/** Small blobs are kept in memory: each pull of an image reads its config. In bytes. */
const smallBytes = 32 * 1024;
const memoryBytes = 8 * 1024 * 1024;

/** Streams blobs from a bucket whose clients cannot be redirected to it. */
export class BlobReader {
  readonly #read: ReadBucket;
  readonly #small: BoundedCache<Uint8Array<ArrayBuffer>>;

  /** `now` in ms since 1970. */
  constructor(read: ReadBucket, now: () => number) {
    this.#read = read;
    this.#small = new BoundedCache(memoryBytes, now);
  }

  /** A blob or a range of it; undefined when it is not in the bucket. */
  async locate(digest: Digest, range: ByteRange | undefined): Promise<BlobLocation | undefined> {
    const kept = this.#small.get(digest);
    if (kept !== undefined) {
      const body = range === undefined ? kept : kept.subarray(range.start, range.end + 1);
      return { kind: 'stream', size: kept.byteLength, body };
    }
    const object = await this.#read(blobKey(digest), range);
    if (object === undefined) return undefined;
    const { size } = object;
    if (range !== undefined || size > smallBytes) return { kind: 'stream', ...object };
    const body = new Uint8Array(await new Response(object.body).arrayBuffer());
    // The key counts too: it is all there is of an empty blob.
    this.#small.set(digest, body, undefined, size + 200);
    return { kind: 'stream', size, body };
  }

  delete(digest: Digest): void {
    this.#small.delete(digest);
  }
}
