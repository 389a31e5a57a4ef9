import { BoundedCache } from '../concurrency/bounded-cache.ts';
import { readManifest } from '../oci/manifest.ts';
import type { Answer } from './answer.ts';

/** What the blobs that a manifest names have, in bytes. */
export interface BlobSizes {
  readonly largest: number;
  readonly sum: number;
}

/** Of an index, and of what cannot be read. */
export const noBlobs: BlobSizes = { largest: 0, sum: 0 };

/** How many manifests are remembered. */
const mostRemembered = 10_000;

/** The sizes of what manifests name, each read once. */
export class ManifestSizes {
  readonly #known: BoundedCache<BlobSizes>;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#known = new BoundedCache(mostRemembered, now);
  }

  /** Of the image manifest in an answer. Blobs that are elsewhere by their `urls` do not count. */
  of({ headers, body: bytes }: Pick<Answer, 'headers' | 'body'>): BlobSizes {
    const digest = headers['docker-content-digest'] ?? '';
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    if (!(bytes instanceof Uint8Array)) return noBlobs;
    const mediaType = headers['content-type'] ?? '';
    const sizes = (readManifest({ bytes, mediaType })?.blobs ?? [])
      .filter(({ urls }) => !urls)
      .reduce(
        ({ largest, sum }, { size }) => ({ largest: Math.max(largest, size), sum: sum + size }),
        noBlobs,
      );
    this.#known.set(digest, sizes);
    return sizes;
  }
}

/** What an answer lets a client have: the blob behind a URL of the bucket, or the body. */
export function bytesOf({ status, headers, note }: Answer): number {
  if (status === 307) return note.redirected ?? 0;
  return status === 200 || status === 206 ? Number(headers['content-length'] ?? 0) : 0;
}
