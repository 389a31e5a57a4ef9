import type { BlobIndex } from '../../core/bucket/blob-index.ts';
import { blobKey, blobPrefix, digestOfKey } from '../../core/bucket/blob-key.ts';
import type { Bucket, BucketObject } from '../../core/bucket/bucket.ts';
import { readProgress } from '../../core/bucket/put/progress.ts';
import { KeyedLock } from '../../core/concurrency/keyed-lock.ts';
import type { Digest } from '../../core/oci/digest.ts';
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
} from '../../core/ports/blob-store.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import { BlobCache } from './blob-cache.ts';
import { type BucketAddress, bucketUrl } from './object-url.ts';
import { PutBuffers } from './put-buffers.ts';

export interface S3BlobStoreOptions {
  readonly address: BucketAddress;
  /** Of the service `s3` in the bucket's region. */
  readonly signer: Signer;
  readonly index: BlobIndex;
  readonly bucket: Bucket;
  /** How long a signed URL is valid, at most, in ms. */
  readonly urlLife: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

/**
 * Blobs in a bucket, which clients read by signed URLs. The index says what is there. An object is
 * published before the index knows it and deleted before the index forgets it, so a writer that dies
 * between the two leaves an object that nobody is sent to, and not a blob without its object.
 */
export class S3BlobStore implements BlobStore {
  readonly #options: S3BlobStoreOptions;
  readonly #known: BlobCache;
  readonly #buffers = new PutBuffers();
  /**
   * A put and a deletion of the same blob at once would leave the index with half of each. Puts of it
   * run side by side: the source of one may be slow.
   */
  readonly #locks = new KeyedLock();

  constructor(options: S3BlobStoreOptions) {
    const { address, signer, urlLife, now } = options;
    const base = bucketUrl(address);
    const lifeSeconds = urlLife / 1000;
    this.#options = options;
    this.#known = new BlobCache(
      (digest) => {
        const url = new URL(base + blobKey(digest));
        return signer.presign({ method: 'GET', url, lifeSeconds });
      },
      urlLife,
      now,
    );
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const found = await this.#options.index.get(digest);
    if (found === undefined) this.#known.delete(digest);
    else this.#known.add(found);
    return found;
  }

  /** The URL is signed for the object; a range goes with the client's own request for it. */
  async locate(digest: Digest): Promise<BlobLocation | undefined> {
    const known = await this.#known.url(digest);
    if (known !== undefined) return { kind: 'redirect', url: known };
    if ((await this.stat(digest)) === undefined) return undefined;
    const url = await this.#known.url(digest);
    return url === undefined ? undefined : { kind: 'redirect', url };
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    for (const blob of blobs) this.#known.add(blob);
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const done = this.#locks.shared(blob.digest, () => this.#put(blob, source, options));
    // Who does not look at the outcome does not have to.
    done.catch(() => undefined);
    return { done };
  }

  delete(digest: Digest): Promise<void> {
    return this.#locks.exclusive(digest, async () => {
      const stored = await this.#options.index.get(digest);
      this.#known.delete(digest);
      if (stored === undefined) return;
      await this.#options.bucket.delete(blobKey(digest));
      await this.#options.index.delete(stored);
      // It may have been asked for meanwhile.
      this.#known.delete(digest);
    });
  }

  list(after?: Digest): AsyncIterable<StoredBlob> {
    return listBlobs(this.#options.bucket, this.#options.index, after);
  }

  usedBytes(): Promise<number> {
    return this.#options.index.used();
  }

  async #put(
    wanted: WantedBlob,
    source: BlobSource,
    { signal = new AbortController().signal, progress, pauseAt }: PutOptions,
  ): Promise<PutOutcome> {
    const { bucket, now } = this.#options;
    signal.throwIfAborted();
    const size = await this.#storedSize(wanted.digest, signal);
    if (size !== undefined) {
      await this.#dropUpload(wanted.digest, progress);
      return { kind: 'stored', size };
    }
    const { pause, timeLeft, clear } = pausing(pauseAt, now);
    try {
      const key = blobKey(wanted.digest);
      const how = { bucket, buffers: this.#buffers, key, signal, pause, timeLeft };
      const job = { ...how, wanted, source, progress: readProgress(progress) };
      // Only a filler puts: a new instance that answers should not have to load it.
      const { putBlob } = await import('./put-blob.ts');
      const outcome = await putBlob(job);
      if (outcome.kind === 'stored') await this.#note(wanted.digest, outcome.size);
      return outcome;
    } finally {
      clear();
    }
  }

  /** Asks the bucket as well: a writer may have died before the index knew. */
  async #storedSize(digest: Digest, signal: AbortSignal): Promise<number | undefined> {
    const indexed = await this.stat(digest);
    if (indexed !== undefined) return indexed.size;
    const object = await this.#options.bucket.head(blobKey(digest), signal);
    if (object === undefined) return undefined;
    await this.#note(digest, object.size);
    return object.size;
  }

  /** The blob came another way while its upload was paused. */
  async #dropUpload(digest: Digest, progress: string | undefined): Promise<void> {
    const id = readProgress(progress)?.upload?.id;
    if (id === undefined) return;
    const upload = { key: blobKey(digest), id };
    await this.#options.bucket.abortUpload(upload).catch(() => undefined);
  }

  async #note(digest: Digest, size: number): Promise<void> {
    const { index, now } = this.#options;
    await index.put({ digest, size, stored: Math.round(now()) });
    this.#known.add({ digest, size });
  }
}

/** A longer timer than this fires at once. */
const longestTimer = 2 ** 31 - 1;

/** When a put has to come to an end. */
interface Pausing {
  readonly pause: AbortSignal;
  /** In ms. */
  timeLeft(): number;
  /** Ends its timer. */
  clear(): void;
}

/** A signal that is aborted at `pauseAt`, in ms since 1970, or never. */
function pausing(pauseAt: number | undefined, now: () => number): Pausing {
  const controller = new AbortController();
  const pause = controller.signal;
  const timeLeft = () => Math.max(0, (pauseAt ?? Number.POSITIVE_INFINITY) - now());
  if (pauseAt === undefined) return { pause, timeLeft, clear: () => undefined };
  const left = Math.min(timeLeft(), longestTimer);
  const timer = setTimeout(() => controller.abort(new Error('the time is up')), left);
  return { pause, timeLeft, clear: () => clearTimeout(timer) };
}

/** So many blobs the index is asked for at once: one call, and who takes a few pays for few. */
const asked = 100;

/**
 * All blobs of the bucket, or those behind `after`, by key. An object that the index lacks was
 * verified before it was published, and its writer died: the index is told of it, so that it can be
 * found, counted and evicted.
 */
async function* listBlobs(
  bucket: Bucket,
  index: BlobIndex,
  after: Digest | undefined,
): AsyncGenerator<StoredBlob> {
  for await (const page of bucket.list(blobPrefix, after && blobKey(after))) {
    for (let at = 0; at < page.length; at += asked) {
      yield* readBlobs(bucket, index, page.slice(at, at + asked));
    }
  }
}

async function* readBlobs(
  bucket: Bucket,
  index: BlobIndex,
  objects: readonly BucketObject[],
): AsyncGenerator<StoredBlob> {
  const digests = objects.map(({ key }) => digestOfKey(key)).filter((found) => found !== undefined);
  const known = new Map((await index.getMany(digests)).map((blob) => [blob.digest, blob]));
  for (const object of objects) {
    const digest = digestOfKey(object.key);
    if (digest === undefined) continue;
    const blob = known.get(digest) ?? (await adopt(bucket, index, object, digest));
    if (blob !== undefined) yield blob;
  }
}

async function adopt(
  bucket: Bucket,
  index: BlobIndex,
  { key }: BucketObject,
  digest: Digest,
): Promise<StoredBlob | undefined> {
  // It may have been noted, or deleted, since the page was read.
  const noted = await index.get(digest);
  const object = noted === undefined ? await bucket.head(key) : undefined;
  if (object === undefined) return noted;
  const blob = { digest, size: object.size, stored: object.modified };
  await index.put(blob);
  return blob;
}
