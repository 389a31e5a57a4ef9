import type { KeyedLock } from '../concurrency/keyed-lock.ts';
import type { ByteRange } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import { afterAll } from '../oci/page.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  NotedBlob,
  PutOptions,
  PutOutcome,
  StoredBlob,
  WantedBlob,
} from '../ports/blob-store.ts';
import type { BlobIndex } from './blob-index.ts';
import { blobKey, blobPrefix, digestOfKey } from './blob-key.ts';
import type { BlobReader } from './blob-reader.ts';
import type { BucketObject, BucketObjects, BucketUploads } from './bucket.ts';
import type { MetadataCache, SignUrl } from './metadata-cache.ts';
import { type PutProgress, readProgress } from './progress.ts';

/** A blob to put that is not in the bucket. */
export interface PutRequest {
  readonly key: string;
  readonly wanted: WantedBlob;
  readonly source: BlobSource;
  /** Of the previous put, if it paused. */
  readonly progress: PutProgress | undefined;
  /** Aborts the put, which rejects with the reason. */
  readonly signal: AbortSignal;
  /** In ms since 1970; undefined where the process has no time limit. */
  readonly pauseAt: number | undefined;
}

/** The parts of a store. */
export interface BucketBlobStoreOptions {
  readonly bucket: Pick<BucketObjects, 'head' | 'delete' | 'list'> &
    Pick<BucketUploads, 'abortUpload'>;
  readonly index: BlobIndex;
  readonly cache: MetadataCache;
  /** Whether clients are redirected to the bucket or get a stream. */
  readonly delivery: { readonly sign: SignUrl } | { readonly reader: BlobReader };
  readonly putBlob: (request: PutRequest) => Promise<PutOutcome>;
  /**
   * Keep a put and a deletion of the same blob apart: an index with `get` would be left with half of
   * each. Puts do not wait for each other, as the source of one may be slow. Undefined where the
   * platform may end either without settling its promise.
   */
  readonly locks: KeyedLock | undefined;
  /** Ms since 1970. */
  readonly now: () => number;
}

/**
 * Blobs in a bucket. A put publishes the object before it adds the index entry: a writer that dies in
 * between leaves an object without an entry, which the next put or listing of it adds. A deletion also
 * begins with the object, so that a put at the same moment does not adopt one that is about to go.
 */
export class BucketBlobStore implements BlobStore {
  readonly #options: BucketBlobStoreOptions;

  constructor(options: BucketBlobStoreOptions) {
    this.#options = options;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const { index, cache } = this.#options;
    const { size, stored } = cache.get(digest) ?? {};
    // A bucket is slower than an index, and each of its requests is billed.
    const isEnough = index.get === undefined && size !== undefined && stored !== undefined;
    return isEnough ? { digest, size, stored } : this.#find(digest);
  }

  /** A signed URL serves any range: the client's own request has the Range header. */
  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const { delivery, cache } = this.#options;
    if ('reader' in delivery) {
      const location = await delivery.reader.locate(digest, range);
      if (location === undefined) this.#forget(digest);
      return location;
    }
    const sign = () => delivery.sign(blobKey(digest));
    let url = await cache.url(digest, sign);
    if (url === undefined && (await this.#find(digest)) !== undefined) {
      url = await cache.url(digest, sign);
    }
    return url === undefined ? undefined : { kind: 'redirect', url };
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    for (const blob of blobs) this.#options.cache.note(blob);
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const { locks } = this.#options;
    const put = () => this.#put(blob, source, options);
    const done = locks === undefined ? put() : locks.shared(blob.digest, put);
    // A caller that ignores the outcome must not cause an unhandled rejection.
    done.catch(() => undefined);
    return { done };
  }

  delete(digest: Digest): Promise<void> {
    const { bucket, index, locks } = this.#options;
    const remove = async () => {
      this.#forget(digest);
      await index.delete(digest, () => bucket.delete(blobKey(digest)));
      // A request may have cached it meanwhile.
      this.#forget(digest);
    };
    return locks === undefined ? remove() : locks.exclusive(digest, remove);
  }

  /** Lists the bucket by key, and corrects the index on the way. */
  async *list(from?: Digest): AsyncGenerator<StoredBlob> {
    const { bucket, index } = this.#options;
    const look = (digest: Digest) => this.#look(digest);
    let after: string = from ?? '';
    for await (const page of bucket.list(blobPrefix, from && blobKey(from))) {
      const blobs = page.map(blobOf).filter((blob) => blob !== undefined);
      const last = blobs.at(-1)?.digest;
      if (last === undefined) continue;
      yield* index.reconcile({ after, last, blobs }, look);
      after = last;
    }
    yield* index.reconcile({ after, last: afterAll, blobs: [] }, look);
  }

  usedBytes(): Promise<number> {
    return this.#options.index.used();
  }

  async #put(
    wanted: WantedBlob,
    source: BlobSource,
    { signal = new AbortController().signal, progress: text, pauseAt }: PutOptions,
  ): Promise<PutOutcome> {
    const { digest } = wanted;
    const { bucket, putBlob } = this.#options;
    signal.throwIfAborted();
    const key = blobKey(digest);
    const progress = readProgress(text);
    const before = await this.#findAnywhere(digest, signal);
    if (before !== undefined) {
      const id = progress?.upload?.id;
      // Another put stored the blob while this upload was paused.
      if (id !== undefined) await bucket.abortUpload({ key, id }).catch(() => undefined);
      return { kind: 'stored', size: before.size };
    }
    const request = { key, wanted, source, progress, signal, pauseAt };
    const outcome = await putBlob(request);
    if (outcome.kind === 'stored') await this.#noteNew(digest, outcome.size);
    return outcome;
  }

  /** Asks the index, or the bucket where the index has no `get`. */
  async #find(digest: Digest): Promise<StoredBlob | undefined> {
    const { index, cache } = this.#options;
    const found = await (index.get === undefined ? this.#look(digest) : index.get(digest));
    if (found === undefined) this.#forget(digest);
    else cache.add(found);
    return found;
  }

  /** Asks the bucket too: a writer may have died before it told the index. */
  async #findAnywhere(digest: Digest, signal: AbortSignal): Promise<StoredBlob | undefined> {
    const { index } = this.#options;
    const indexed = index.get && (await this.#find(digest));
    if (indexed !== undefined) return indexed;
    const found = await this.#look(digest, signal);
    if (found !== undefined) await this.#note(found);
    return found;
  }

  async #look(digest: Digest, signal?: AbortSignal): Promise<StoredBlob | undefined> {
    const object = await this.#options.bucket.head(blobKey(digest), signal);
    return object && blobOf(object);
  }

  async #noteNew(digest: Digest, size: number): Promise<void> {
    const { index, now } = this.#options;
    if (index.get !== undefined) return this.#note({ digest, size, stored: Math.round(now()) });
    // If it was deleted already, the sum must not include it.
    const found = await this.#look(digest);
    if (found !== undefined) await this.#note(found);
  }

  async #note(blob: StoredBlob): Promise<void> {
    await this.#options.index.put(blob);
    this.#options.cache.add(blob);
  }

  #forget(digest: Digest): void {
    const { delivery, cache } = this.#options;
    cache.delete(digest);
    if ('reader' in delivery) delivery.reader.delete(digest);
  }
}

/** Undefined for an object that is not a blob. */
function blobOf({ key, size, modified }: BucketObject): StoredBlob | undefined {
  const digest = digestOfKey(key);
  return digest && { digest, size, stored: modified };
}
