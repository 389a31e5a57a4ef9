import { BoundedCache } from '../../core/concurrency/bounded-cache.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { NotedBlob } from '../../core/ports/blob-store.ts';
import type { PresignedUrl } from '../../core/signing/presigner.ts';

/** About 1.5 KB each with their URLs. */
const mostKnown = 8192;

/** Signs a URL that leads to a blob. */
export type SignBlobUrl = (digest: Digest) => PresignedUrl | Promise<PresignedUrl>;

interface Known {
  readonly size: number;
  url: { readonly text: string; readonly until: number } | undefined;
}

/**
 * The blobs that this instance knows to be stored, with their signed URLs. A blob that another
 * instance deleted is known here for as long as a URL of it would be: half of the URLs' life.
 */
export class BlobCache {
  readonly #known: BoundedCache<Known>;
  readonly #sign: SignBlobUrl;
  readonly #now: () => number;
  readonly #keptFor: number;

  /** `urlLife` and the clock in ms. */
  constructor(sign: SignBlobUrl, urlLife: number, now: () => number) {
    this.#known = new BoundedCache(mostKnown, now);
    this.#sign = sign;
    this.#now = now;
    this.#keptFor = urlLife / 2;
  }

  add({ digest, size }: NotedBlob): void {
    const url = this.#known.get(digest)?.url;
    this.#known.set(digest, { size, url }, this.#keptFor);
  }

  delete(digest: Digest): void {
    this.#known.delete(digest);
  }

  /** A URL with at least half of its life left; undefined for a blob that is not known. */
  async url(digest: Digest): Promise<string | undefined> {
    const known = this.#known.get(digest);
    if (known === undefined) return undefined;
    const now = this.#now();
    if (known.url !== undefined && now < known.url.until) return known.url.text;
    const signed = this.#sign(digest);
    const { url, expires } = signed instanceof Promise ? await signed : signed;
    known.url = { text: url, until: now + (expires - now) / 2 };
    return url;
  }
}
