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
import { StoreBusy } from '../ports/leases.ts';
import type { BlobIndex, IndexedBlob } from './blob-index.ts';
import { blobKey, blobOf, blobPrefix } from './blob-key.ts';
import type { BlobReader } from './blob-reader.ts';
import type { BucketObjects, BucketUploads } from './bucket.ts';
import { BucketCondemnation } from './condemnation.ts';
import type { MetadataCache, SignUrl } from './metadata-cache.ts';
import { readProgress } from './progress.ts';
import type { PutRequest } from './put-request.ts';
import { BucketRecount } from './recount.ts';

/** The parts of a store. */
export interface BucketBlobStoreOptions {
  readonly bucket: Pick<BucketObjects, 'head' | 'delete' | 'list'> &
    Pick<BucketUploads, 'abortUpload'>;
  readonly index: BlobIndex;
  readonly cache: MetadataCache;
  /** Whether clients are redirected to the bucket or get a stream. */
  readonly delivery: { readonly sign: SignUrl } | { readonly reader: BlobReader };
  /** How long any signed URL is valid, or how long a stream may take, in ms. */
  readonly readLife: number;
  readonly putBlob: (request: PutRequest) => Promise<PutOutcome>;
  /** Ms since 1970. */
  readonly now: () => number;
}

/** A deletion takes three calls; a put waits for one this often, so long in ms. */
const [deletionLooks, deletionPause] = [20, 250];

/**
 * Blobs in a bucket. The index says which of them are stored. A put publishes the object before it adds
 * the index entry: a writer that dies in between leaves an object without an entry, which the next put
 * or listing of it adds. functions/README.md, section 7, has the timeline of a deletion.
 */
export class BucketBlobStore implements BlobStore {
  readonly condemnation: BucketCondemnation;
  readonly recount: BucketRecount | undefined;
  readonly #options: BucketBlobStoreOptions;
  readonly #finding = new Map<Digest, Promise<IndexedBlob | undefined>>();

  constructor(options: BucketBlobStoreOptions) {
    this.#options = options;
    const { cache, ...rest } = options;
    this.recount = this.#openRecount();
    this.condemnation = new BucketCondemnation({
      ...rest,
      memoryLife: cache.life,
      forgetHere: (digest) => this.#forget(digest),
    });
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const found = await this.#find(digest);
    if (found === undefined || found.condemned !== undefined) return undefined;
    return { digest, size: found.size, stored: found.stored };
  }

  /** A signed URL serves any range: the client's own request has the Range header. */
  async locate(
    digest: Digest,
    range?: ByteRange,
    urlLife?: number,
  ): Promise<BlobLocation | undefined> {
    const { delivery, cache, readLife } = this.#options;
    if ('reader' in delivery) return this.#stream(delivery.reader, digest, range);
    // A longer life, of a configuration that was reloaded, would outlive the bytes.
    const life = urlLife === undefined ? undefined : Math.min(urlLife, readLife);
    const sign = () => delivery.sign(blobKey(digest), life);
    const known = await cache.url(digest, sign, life);
    if (known !== undefined) return { kind: 'redirect', url: known };
    const found = await this.#findOnce(digest);
    if (!this.condemnation.isReadable(found)) return undefined;
    // Only a stored blob is cached.
    return { kind: 'redirect', url: (await cache.url(digest, sign, life)) ?? (await sign()).url };
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    for (const blob of blobs) this.#options.cache.note(blob);
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const done = this.#put(blob, source, options);
    // A caller that ignores the outcome must not cause an unhandled rejection.
    done.catch(() => undefined);
    return { done };
  }

  async delete(digest: Digest): Promise<void> {
    const since = Math.round(this.#options.now());
    await this.#options.index.condemn(digest, since);
    this.#forget(digest);
    await this.condemnation.erase({ digest, since });
  }

  async *list(from?: Digest): AsyncGenerator<StoredBlob> {
    const after = yield* this.#reconciled(blobPrefix, from);
    const look = (digest: Digest) => this.#look(digest);
    yield* this.#options.index.reconcile({ after, last: afterAll, blobs: [] }, look);
  }

  usedBytes = () => this.#options.index.used();
  countLate = async () => this.#options.index.countLate?.();

  #openRecount(): BucketRecount | undefined {
    const { index, now } = this.#options;
    if (index.counts === undefined || index.correct === undefined) return undefined;
    const counted = { counts: index.counts.bind(index), correct: index.correct.bind(index) };
    const listPart = (part: string) => this.#reconciled(`${blobPrefix}${part.replace(':', '/')}`);
    return new BucketRecount({ index: counted, listPart, now });
  }

  /** Lists keys with a prefix in their order, corrects the index on the way, and returns the last. */
  async *#reconciled(prefix: string, from?: Digest): AsyncGenerator<StoredBlob, string> {
    const { bucket, index } = this.#options;
    const look = (digest: Digest) => this.#look(digest);
    let after: string = from ?? '';
    for await (const page of bucket.list(prefix, from && blobKey(from))) {
      const blobs = page.map(blobOf).filter((blob) => blob !== undefined);
      const last = blobs.at(-1)?.digest;
      if (last === undefined) continue;
      yield* index.reconcile({ after, last, blobs }, look);
      after = last;
    }
    return after;
  }

  async #put(
    wanted: WantedBlob,
    source: BlobSource,
    { signal = new AbortController().signal, progress: text, pauseAt, countsLater }: PutOptions,
  ): Promise<PutOutcome> {
    const { digest } = wanted;
    const { bucket, putBlob, now } = this.#options;
    signal.throwIfAborted();
    const began = now();
    const key = blobKey(digest);
    const progress = readProgress(text);
    const before = await this.#findObject(digest, signal);
    if (before !== undefined) {
      const id = progress?.upload?.id;
      // Another put stored the blob while this upload was paused.
      if (id !== undefined) await bucket.abortUpload({ key, id }).catch(() => undefined);
      return { kind: 'stored', size: before.size };
    }
    const request = { key, wanted, source, progress, signal, pauseAt };
    const outcome = await putBlob(request);
    if (outcome.kind !== 'stored') return outcome;
    await this.#note({ digest, size: outcome.size, stored: Math.round(now()) }, countsLater);
    if (now() - began >= this.condemnation.wait) await this.#lookAgain(digest);
    return outcome;
  }

  /** The stored blob. Restores a condemned one, and adds one that the index does not know. */
  async #findObject(digest: Digest, signal: AbortSignal): Promise<StoredBlob | undefined> {
    const { index } = this.#options;
    for (let looks = 0; ; looks++) {
      const indexed = await this.#find(digest);
      if (indexed !== undefined && indexed.condemned === undefined) return indexed;
      // Before the object is looked up: from then on it is not deleted.
      if (indexed === undefined || (await index.restore(digest))) break;
      if (looks === deletionLooks) throw new StoreBusy(`${digest} is being deleted`);
      await new Promise((resolve) => setTimeout(resolve, deletionPause));
      signal.throwIfAborted();
    }
    const found = await this.#look(digest, signal);
    if (found !== undefined) await this.#note(found);
    return found;
  }

  /**
   * After a put that took so long that an object of another put, which it found at its end, may have
   * been condemned and deleted in between.
   */
  async #lookAgain(digest: Digest): Promise<void> {
    if ((await this.#look(digest)) !== undefined) return;
    await this.delete(digest);
    throw new StoreBusy(`${digest} was deleted while it was put`);
  }

  async #stream(
    reader: BlobReader,
    digest: Digest,
    range: ByteRange | undefined,
  ): Promise<BlobLocation | undefined> {
    const { cache } = this.#options;
    const isReadable = (found: IndexedBlob | undefined) => this.condemnation.isReadable(found);
    // While the index fails, nothing is deleted either.
    const mayRead =
      cache.get(digest) !== undefined ||
      (await this.#findOnce(digest).then(isReadable, () => true));
    if (!mayRead) return undefined;
    const location = await reader.locate(digest, range);
    // Something outside the mirror deleted the object. The index must not say that it is stored.
    if (location === undefined) await this.delete(digest);
    return location;
  }

  /** Clients of a new image ask for the same blobs at the same moment: one read answers all. */
  #findOnce(digest: Digest): Promise<IndexedBlob | undefined> {
    const begin = () => this.#find(digest).finally(() => this.#finding.delete(digest));
    const found = this.#finding.get(digest) ?? begin();
    this.#finding.set(digest, found);
    return found;
  }

  async #find(digest: Digest): Promise<IndexedBlob | undefined> {
    const { index, cache } = this.#options;
    const found = await index.get(digest);
    if (found === undefined || found.condemned !== undefined) this.#forget(digest);
    else cache.add({ digest, size: found.size, stored: found.stored });
    return found;
  }

  async #look(digest: Digest, signal?: AbortSignal): Promise<StoredBlob | undefined> {
    const object = await this.#options.bucket.head(blobKey(digest), signal);
    return object && blobOf(object);
  }

  async #note(blob: StoredBlob, countsLater = false): Promise<void> {
    await this.#options.index.put(blob, countsLater);
    this.#options.cache.add(blob);
  }

  #forget(digest: Digest): void {
    const { delivery, cache } = this.#options;
    cache.delete(digest);
    if ('reader' in delivery) delivery.reader.delete(digest);
  }
}
