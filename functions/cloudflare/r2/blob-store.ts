import { blobKey, blobPrefix, digestOfKey } from '../../core/bucket/blob-key.ts';
import { BoundedCache } from '../../core/concurrency/bounded-cache.ts';
import type { ByteRange } from '../../core/headers/range.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { afterAll } from '../../core/oci/page.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  NotedBlob,
  PutOptions,
  StoredBlob,
  WantedBlob,
} from '../../core/ports/blob-store.ts';
import { D1BlobRows } from '../d1/blob-index.ts';
import { type PutContext, putBlob } from './blob-put.ts';
import type { R2SignedUrls } from './signed-urls.ts';

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

/**
 * A hash that can pause takes 16 ms of CPU for a megabyte, and reading and sending as much again: so
 * many bytes cost less than half of the 300 s that an invocation has.
 */
const usualBytesPerPut = 4_000_000_000;

type Known = NotedBlob & Partial<StoredBlob>;

/** The blobs in a bucket of R2, by digest. The bucket decides what is stored; D1 adds it up. */
export function r2BlobStore(
  bucket: R2Bucket,
  database: D1Database,
  options: R2BlobStoreOptions,
): BlobStore {
  const { now, signedUrls, bytesPerPut = usualBytesPerPut } = options;
  const rows = new D1BlobRows(database, now);
  const seen = new BoundedCache<Known>(mostKnown, now);
  const small = new BoundedCache<Uint8Array<ArrayBuffer>>(memoryBytes, now);

  /** Asks the bucket. */
  async function look(digest: Digest): Promise<StoredBlob | undefined> {
    const object = await bucket.head(blobKey(digest));
    if (object === null) {
      forget(digest);
      return undefined;
    }
    const blob = blobOf(digest, object);
    seen.set(digest, blob, knownLife);
    return blob;
  }

  async function read(
    digest: Digest,
    range: ByteRange | undefined,
  ): Promise<BlobLocation | undefined> {
    const kept = small.get(digest);
    if (kept !== undefined) {
      const body = range === undefined ? kept : kept.subarray(range.start, range.end + 1);
      return { kind: 'stream', size: kept.byteLength, body };
    }
    const wanted = range && { offset: range.start, length: range.end - range.start + 1 };
    const object = await bucket.get(blobKey(digest), wanted ? { range: wanted } : {});
    if (object === null) {
      forget(digest);
      return undefined;
    }
    const { size } = object;
    if (wanted !== undefined || size > smallBytes)
      return { kind: 'stream', size, body: object.body };
    const body = new Uint8Array(await object.arrayBuffer());
    // An empty blob weighs something too: its key is kept.
    small.set(digest, body, undefined, size + 200);
    return { kind: 'stream', size, body };
  }

  function forget(digest: Digest): void {
    seen.delete(digest);
    small.delete(digest);
  }

  return {
    async stat(digest: Digest): Promise<StoredBlob | undefined> {
      const known = seen.get(digest);
      if (known?.stored !== undefined) return { digest, size: known.size, stored: known.stored };
      return look(digest);
    },

    async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
      if (signedUrls === undefined) return read(digest, range);
      if (seen.get(digest) === undefined && (await look(digest)) === undefined) {
        return undefined;
      }
      return { kind: 'redirect', url: signedUrls.urlOf(blobKey(digest)) };
    },

    put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
      const context: PutContext = {
        bucket,
        now,
        bytesPerPut,
        find: () => look(blob.digest),
        note: async (stored) => {
          await rows.add([stored]);
          seen.set(blob.digest, stored, knownLife);
        },
      };
      const done = putBlob(context, blob, source, options);
      done.catch(() => undefined);
      return { done };
    },

    noteStored(blobs: readonly NotedBlob[]): void {
      for (const { digest, size } of blobs) {
        if (seen.get(digest) === undefined) seen.set(digest, { digest, size }, knownLife);
      }
    },

    async delete(digest: Digest): Promise<void> {
      forget(digest);
      await bucket.delete(blobKey(digest));
      await rows.remove([digest]);
      forget(digest);
    },

    /** Lists the bucket, and puts its rows in D1 right on the way. */
    async *list(from?: Digest): AsyncGenerator<StoredBlob> {
      let cursor: string | undefined;
      let after: string = from ?? '';
      const begin = from === undefined ? {} : { startAfter: blobKey(from) };
      do {
        const place = cursor === undefined ? begin : { cursor };
        const listed = await bucket.list({ prefix: blobPrefix, ...place });
        const blobs = listed.objects.flatMap((object) => {
          const digest = digestOfKey(object.key);
          return digest === undefined ? [] : [blobOf(digest, object)];
        });
        cursor = listed.truncated ? listed.cursor : undefined;
        const last = cursor === undefined ? afterAll : blobs.at(-1)?.digest;
        if (last !== undefined) {
          await rows.mend(after, last, blobs);
          after = last;
        }
        yield* blobs;
      } while (cursor !== undefined);
    },

    usedBytes(): Promise<number> {
      return rows.usedBytes();
    },
  };
}

function blobOf(digest: Digest, object: R2Object): StoredBlob {
  return { digest, size: object.size, stored: object.uploaded.getTime() };
}
