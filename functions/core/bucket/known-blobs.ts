import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { Digest } from '../oci/digest.ts';
import type { NotedBlob, StoredBlob } from '../ports/blob-store.ts';

/** A URL that leads to a blob, and when it stops working, in ms since 1970. */
export interface SignedUrl {
  readonly url: string;
  readonly expires: number;
}

/** Signs a URL that leads to the object of a key. */
export type SignUrl = (key: string) => SignedUrl | Promise<SignedUrl>;

/** What is known of a stored blob; `stored` is missing where only its size was told. */
export type KnownBlob = NotedBlob & Partial<StoredBlob>;

/** How many blobs are known, and for how long. */
export interface KnownBlobsOptions {
  /** With a signed URL each takes about 1.5 KB. */
  readonly most: number;
  /** In ms: another instance may delete a blob, but only one that nobody pulled for long. */
  readonly life: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

interface Kept {
  readonly blob: KnownBlob;
  url: { readonly text: string; readonly until: number } | undefined;
}

/** The blobs that this instance knows to be stored, with their signed URLs. */
export class KnownBlobs {
  readonly #kept: BoundedCache<Kept>;
  readonly #options: KnownBlobsOptions;

  constructor(options: KnownBlobsOptions) {
    this.#kept = new BoundedCache(options.most, options.now);
    this.#options = options;
  }

  get(digest: Digest): KnownBlob | undefined {
    return this.#kept.get(digest)?.blob;
  }

  /** The store was asked: its life begins anew. */
  add(blob: KnownBlob): void {
    const url = this.#kept.get(blob.digest)?.url;
    this.#kept.set(blob.digest, { blob, url }, this.#options.life);
  }

  /** Somebody says that it is stored, which makes the life of what is known no longer. */
  note({ digest, size }: NotedBlob): void {
    if (this.get(digest) === undefined) this.add({ digest, size });
  }

  delete(digest: Digest): void {
    this.#kept.delete(digest);
  }

  /** A URL with at least half of its life left; undefined for a blob that is not known. */
  async url(digest: Digest, sign: () => ReturnType<SignUrl>): Promise<string | undefined> {
    const known = this.#kept.get(digest);
    if (known === undefined) return undefined;
    const now = this.#options.now();
    if (known.url !== undefined && now < known.url.until) return known.url.text;
    const signed = sign();
    const { url, expires } = signed instanceof Promise ? await signed : signed;
    known.url = { text: url, until: now + (expires - now) / 2 };
    return url;
  }
}
