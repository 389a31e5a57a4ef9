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
import type { KnownBlobs, SignUrl } from './known-blobs.ts';
import { type PutProgress, readProgress } from './progress.ts';

/** A blob that is not in the bucket and is to be put there. */
export interface MissingBlob {
  readonly key: string;
  readonly wanted: WantedBlob;
  readonly source: BlobSource;
  /** What the put before this one left; undefined when this is the first. */
  readonly progress: PutProgress | undefined;
  /** Ends it: it rejects with the reason. */
  readonly signal: AbortSignal;
  /** In ms since 1970; undefined where the process has no end. */
  readonly pauseAt: number | undefined;
}

/** What a store is made of. */
export interface BucketBlobStoreOptions {
  readonly bucket: Pick<BucketObjects, 'head' | 'delete' | 'list'> &
    Pick<BucketUploads, 'abortUpload'>;
  readonly index: BlobIndex;
  readonly known: KnownBlobs;
  /** How clients get a blob: by a URL for them, or through here. */
  readonly delivery: { readonly sign: SignUrl } | { readonly reader: BlobReader };
  readonly putBlob: (missing: MissingBlob) => Promise<PutOutcome>;
  /**
   * A put and a deletion of the same blob at once would leave an index that is asked with half of
   * each. Puts of it run side by side: the source of one may be slow. Undefined where the platform
   * may end one without settling its promise.
   */
  readonly locks: KeyedLock | undefined;
  /** Ms since 1970. */
  readonly now: () => number;
}

/**
 * Blobs in a bucket. An object is published before the index knows it and deleted before the index
 * forgets it, so a writer that dies between the two leaves an object that nobody is sent to, and not
 * a blob without its object.
 */
export class BucketBlobStore implements BlobStore {
  readonly #options: BucketBlobStoreOptions;

  constructor(options: BucketBlobStoreOptions) {
    this.#options = options;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const { index, known } = this.#options;
    const { size, stored } = known.get(digest) ?? {};
    // A bucket is slower than an index, and each question to it is paid.
    const isEnough = index.get === undefined && size !== undefined && stored !== undefined;
    return isEnough ? { digest, size, stored } : this.#find(digest);
  }

  /** A signed URL is for the object: a range goes with the client's own request for it. */
  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const { delivery, known } = this.#options;
    if ('reader' in delivery) {
      const location = await delivery.reader.locate(digest, range);
      if (location === undefined) this.#forget(digest);
      return location;
    }
    const sign = () => delivery.sign(blobKey(digest));
    let url = await known.url(digest, sign);
    if (url === undefined && (await this.#find(digest)) !== undefined) {
      url = await known.url(digest, sign);
    }
    return url === undefined ? undefined : { kind: 'redirect', url };
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    for (const blob of blobs) this.#options.known.note(blob);
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const { locks } = this.#options;
    const put = () => this.#put(blob, source, options);
    const done = locks === undefined ? put() : locks.shared(blob.digest, put);
    // Who does not look at the outcome does not have to.
    done.catch(() => undefined);
    return { done };
  }

  delete(digest: Digest): Promise<void> {
    const { bucket, index, locks } = this.#options;
    const remove = async () => {
      this.#forget(digest);
      await index.delete(digest, () => bucket.delete(blobKey(digest)));
      // It may have been asked for meanwhile.
      this.#forget(digest);
    };
    return locks === undefined ? remove() : locks.exclusive(digest, remove);
  }

  /** All blobs of the bucket, by key; the index is put right on the way. */
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
    signal.throwIfAborted();
    const key = blobKey(digest);
    const progress = readProgress(text);
    const before = await this.#findAnywhere(digest, signal);
    if (before !== undefined) {
      await this.#dropUpload(key, progress);
      return { kind: 'stored', size: before.size };
    }
    const missing = { key, wanted, source, progress, signal, pauseAt };
    const outcome = await this.#options.putBlob(missing);
    if (outcome.kind === 'stored') await this.#noteNew(digest, outcome.size);
    return outcome;
  }

  /** Asks the index, or the bucket where there is none to ask. */
  async #find(digest: Digest): Promise<StoredBlob | undefined> {
    const { index, known } = this.#options;
    const found = await (index.get === undefined ? this.#look(digest) : index.get(digest));
    if (found === undefined) this.#forget(digest);
    else known.add(found);
    return found;
  }

  /** Asks the bucket as well: a writer may have died before the index knew. */
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

  /** The blob came another way while its upload was paused. */
  async #dropUpload(key: string, progress: PutProgress | undefined): Promise<void> {
    const id = progress?.upload?.id;
    if (id === undefined) return;
    await this.#options.bucket.abortUpload({ key, id }).catch(() => undefined);
  }

  async #noteNew(digest: Digest, size: number): Promise<void> {
    const { index, now } = this.#options;
    if (index.get !== undefined) return this.#note({ digest, size, stored: Math.round(now()) });
    // Deleted a moment after it was stored, which the sum must not outlive.
    const found = await this.#look(digest);
    if (found !== undefined) await this.#note(found);
  }

  async #note(blob: StoredBlob): Promise<void> {
    await this.#options.index.put(blob);
    this.#options.known.add(blob);
  }

  #forget(digest: Digest): void {
    const { delivery, known } = this.#options;
    known.delete(digest);
    if ('reader' in delivery) delivery.reader.delete(digest);
  }
}

/** The blob of an object; undefined for an object that is none. */
function blobOf({ key, size, modified }: BucketObject): StoredBlob | undefined {
  const digest = digestOfKey(key);
  return digest && { digest, size, stored: modified };
}
