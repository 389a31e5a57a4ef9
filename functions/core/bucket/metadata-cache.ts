import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { Digest } from '../oci/digest.ts';
import type { NotedBlob, StoredBlob } from '../ports/blob-store.ts';

/** A URL of a blob, and when it expires, in ms since 1970. */
export interface SignedUrl {
  readonly url: string;
  readonly expires: number;
}

/** Signs a URL for the object of a key; `life`, in ms, overrides how long it is valid. */
export type SignUrl = (key: string, life?: number) => SignedUrl | Promise<SignedUrl>;

/** Metadata of a stored blob; without `stored` if only its size is known. */
type BlobMetadata = NotedBlob & Partial<StoredBlob>;

/** How many blobs are kept, and for how long. */
export interface MetadataCacheOptions {
  /** With a signed URL each takes about 1.5 KB. */
  readonly most: number;
  /** In ms. Another instance may condemn a blob meanwhile, but deletes it only later. */
  readonly life: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

interface Entry {
  readonly blob: BlobMetadata;
  /** One of each life: the configuration has few. */
  urls: readonly KeptUrl[];
}

interface KeptUrl {
  readonly text: string;
  readonly until: number;
  readonly life: number | undefined;
}

/** The metadata and the signed URLs of blobs that are known to be stored. */
export class MetadataCache {
  readonly #entries: BoundedCache<Entry>;
  readonly #options: MetadataCacheOptions;

  constructor(options: MetadataCacheOptions) {
    this.#entries = new BoundedCache(options.most, options.now);
    this.#options = options;
  }

  /** How long an entry is used, in ms. */
  get life(): number {
    return this.#options.life;
  }

  get(digest: Digest): BlobMetadata | undefined {
    return this.#entries.get(digest)?.blob;
  }

  /** Adds what the index or the bucket just answered, for a full life. */
  add(blob: BlobMetadata): void {
    const urls = this.#entries.get(blob.digest)?.urls ?? [];
    this.#entries.set(blob.digest, { blob, urls }, this.#options.life);
  }

  /** Adds what somebody else reports. It does not extend the life of an entry. */
  note({ digest, size }: NotedBlob): void {
    if (this.get(digest) === undefined) this.add({ digest, size });
  }

  delete(digest: Digest): void {
    this.#entries.delete(digest);
  }

  /**
   * A URL of this life (undefined: the usual one) with at least half of it left; undefined for a blob
   * without an entry.
   */
  async url(
    digest: Digest,
    sign: () => ReturnType<SignUrl>,
    life?: number,
  ): Promise<string | undefined> {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    const now = this.#options.now();
    const known = entry.urls.find((one) => one.life === life);
    if (known !== undefined && now < known.until) return known.text;
    const { url, expires } = await sign();
    const others = entry.urls.filter((one) => one.life !== life);
    entry.urls = [...others, { text: url, until: now + (expires - now) / 2, life }];
    return url;
  }
}
