import { BoundedCache } from '../core/mirror/memory/bounded-cache.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { ByteRange } from '../core/oci/range.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  NotedBlob,
  PutOptions,
  StoredBlob,
  WantedBlob,
} from '../core/ports/blob-store.ts';
import { D1BlobRows } from './d1-blob-rows.ts';
import { blobKey, blobPrefix, digestOfKey } from './r2-blob-key.ts';
import { type PutParts, R2BlobPut } from './r2-blob-put.ts';
import type { R2SignedUrls } from './r2-signed-urls.ts';

/** What the store is told when it is opened. */
export interface R2BlobStoreOptions {
  /** Ms since 1970. */
  readonly now: () => number;
  /** Clients are redirected to these; undefined: the bytes go through the Worker. */
  readonly signedUrls: R2SignedUrls | undefined;
  /** After so many bytes a put that may pause does so; 4 GB unless said. */
  readonly bytesPerPut?: number;
}

/**
 * How long a blob is believed stored without asking, in ms: another isolate may evict it, but only
 * an image that nobody pulled for long.
 */
const knownLife = 600_000;
const mostKnown = 50_000;

/** Configs and the like are kept in memory: each pull of an image asks for its config. */
const smallBytes = 32 * 1024;
const memoryBytes = 8 * 1024 * 1024;

/** Behind the digests of all blobs. */
const afterAll = '~';

/**
 * A hash that can pause takes 16 ms of CPU for a megabyte, and reading and sending as much again: so
 * many bytes cost less than half of the 300 s that an invocation has.
 */
const bytesPerPut = 4_000_000_000;

type Known = NotedBlob & Partial<StoredBlob>;

/** The blobs in a bucket of R2, by digest. The bucket decides what is stored; D1 adds it up. */
export class R2BlobStore implements BlobStore {
  readonly #bucket: R2Bucket;
  readonly #rows: D1BlobRows;
  readonly #now: () => number;
  readonly #bytesPerPut: number;
  readonly #urls: R2SignedUrls | undefined;
  readonly #known: BoundedCache<Known>;
  readonly #small: BoundedCache<Uint8Array<ArrayBuffer>>;

  constructor(bucket: R2Bucket, database: D1Database, options: R2BlobStoreOptions) {
    const { now, signedUrls } = options;
    this.#bucket = bucket;
    this.#rows = new D1BlobRows(database, now);
    this.#now = now;
    this.#bytesPerPut = options.bytesPerPut ?? bytesPerPut;
    this.#urls = signedUrls;
    this.#known = new BoundedCache(mostKnown, now);
    this.#small = new BoundedCache(memoryBytes, now);
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const known = this.#known.get(digest);
    if (known?.stored !== undefined) return { digest, size: known.size, stored: known.stored };
    return this.#look(digest);
  }

  /** Asks the bucket. */
  async #look(digest: Digest): Promise<StoredBlob | undefined> {
    const object = await this.#bucket.head(blobKey(digest));
    if (object === null) {
      this.#forget(digest);
      return undefined;
    }
    const blob = blobOf(digest, object);
    this.#known.set(digest, blob, knownLife);
    return blob;
  }

  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    if (this.#urls === undefined) return this.#read(digest, range);
    if (this.#known.get(digest) === undefined && (await this.#look(digest)) === undefined) {
      return undefined;
    }
    return { kind: 'redirect', url: this.#urls.urlOf(blobKey(digest)) };
  }

  async #read(digest: Digest, range: ByteRange | undefined): Promise<BlobLocation | undefined> {
    const kept = this.#small.get(digest);
    if (kept !== undefined) {
      const body = range === undefined ? kept : kept.subarray(range.start, range.end + 1);
      return { kind: 'stream', size: kept.byteLength, body };
    }
    const part = range && { offset: range.start, length: range.end - range.start + 1 };
    const object = await this.#bucket.get(blobKey(digest), part ? { range: part } : {});
    if (object === null) {
      this.#forget(digest);
      return undefined;
    }
    const { size } = object;
    if (part !== undefined || size > smallBytes) return { kind: 'stream', size, body: object.body };
    const body = new Uint8Array(await object.arrayBuffer());
    // An empty blob weighs something too: its key is kept.
    this.#small.set(digest, body, undefined, size + 200);
    return { kind: 'stream', size, body };
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const parts: PutParts = {
      bucket: this.#bucket,
      now: this.#now,
      bytesPerPut: this.#bytesPerPut,
      find: () => this.#look(blob.digest),
      note: async (stored) => {
        await this.#rows.add([stored]);
        this.#known.set(blob.digest, stored, knownLife);
      },
    };
    const done = new R2BlobPut(parts).run(blob, source, options);
    done.catch(() => undefined);
    return { done };
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    for (const { digest, size } of blobs) {
      if (this.#known.get(digest) === undefined)
        this.#known.set(digest, { digest, size }, knownLife);
    }
  }

  async delete(digest: Digest): Promise<void> {
    this.#forget(digest);
    await this.#bucket.delete(blobKey(digest));
    await this.#rows.remove([digest]);
    this.#forget(digest);
  }

  #forget(digest: Digest): void {
    this.#known.delete(digest);
    this.#small.delete(digest);
  }

  /** Lists the bucket, and puts its rows in D1 right on the way. */
  async *list(from?: Digest): AsyncGenerator<StoredBlob> {
    let cursor: string | undefined;
    let after: string = from ?? '';
    const begin = from === undefined ? {} : { startAfter: blobKey(from) };
    do {
      const place = cursor === undefined ? begin : { cursor };
      const listed = await this.#bucket.list({ prefix: blobPrefix, ...place });
      const blobs = listed.objects.flatMap((object) => {
        const digest = digestOfKey(object.key);
        return digest === undefined ? [] : [blobOf(digest, object)];
      });
      cursor = listed.truncated ? listed.cursor : undefined;
      const last = cursor === undefined ? afterAll : blobs.at(-1)?.digest;
      if (last !== undefined) {
        await this.#rows.mend(after, last, blobs);
        after = last;
      }
      yield* blobs;
    } while (cursor !== undefined);
  }

  usedBytes(): Promise<number> {
    return this.#rows.usedBytes();
  }
}

function blobOf(digest: Digest, object: R2Object): StoredBlob {
  return { digest, size: object.size, stored: object.uploaded.getTime() };
}
