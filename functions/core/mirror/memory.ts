import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ReferrersList, TagList, TagRecord } from '../ports/manifest-store.ts';
import type { BlobLocating } from '../ports/upstream.ts';
import type { Unobtained } from '../sources/source.ts';
import type { KnownContents } from './manifest-summary.ts';

/** How long a manifest counts as incomplete unless something arrives, in ms. */
const life = 3_000;

/**
 * Manifests that were found incomplete a moment ago. Whatever this instance stores may complete any
 * of them, so all are forgotten then. Another instance's fill shows after a few seconds.
 */
class IncompleteManifests {
  readonly #found: BoundedCache<true>;
  #arrivals = 0;

  constructor(now: () => number) {
    this.#found = new BoundedCache(10_000, now);
  }

  /** How often something arrived: what is found out is as of this. */
  get arrivals(): number {
    return this.#arrivals;
  }

  has(key: string): boolean {
    return this.#found.get(key) === true;
  }

  /** Notes what a walk found that began at `arrivals`; without effect when something came since. */
  add(key: string, arrivals: number): void {
    if (arrivals === this.#arrivals) this.#found.set(key, true, life);
  }

  /** A blob or a manifest was stored. */
  arrived(): void {
    this.#arrivals += 1;
    this.#found.clear();
  }
}

/** How long a refusal is remembered, in ms: CI pushes a tag and pulls it a moment later. */
export const refusalLife = 20_000;

/** How long an entry is served from memory before the index is asked for it again, in ms. */
export const entryLife = 3_600_000;

/** A manifest in memory with what it names, so that neither is read twice. */
export interface KnownManifest {
  readonly manifest: Manifest;
  readonly contents: KnownContents | undefined;
}

type Refusal = Extract<Unobtained, { kind: 'absent' | 'denied' }>;

/** What one instance keeps in memory: each is a copy of what a store or an upstream said. */
export interface Memory {
  readonly manifests: BoundedCache<KnownManifest>;
  readonly tags: BoundedCache<TagRecord>;
  readonly tagLists: BoundedCache<TagList>;
  /** Weighed in bytes: descriptors have annotations of any length, which clients ask for. */
  readonly referrers: BoundedCache<ReferrersList>;
  /** Blobs that a repository may serve: named by its manifests, or confirmed by the upstream. */
  readonly blobEntries: BoundedCache<EntryOfBlob>;
  /** Blobs of which a registry lately sent all bytes, and they were right. */
  readonly delivered: BoundedCache<true>;
  /** Manifests and tags that the upstream lately refused: kept for less than a minute. */
  readonly refusals: BoundedCache<Refusal>;
  /** The same for blobs, apart: a digest that is no manifest may be a blob. */
  readonly blobRefusals: BoundedCache<Refusal>;
  /** Upstreams' own redirects for blobs, for clients that ask at about the same time. */
  readonly locations: BoundedCache<BlobLocating>;
  /** Repositories whose upstream lately served a blob itself instead of redirecting. */
  readonly direct: BoundedCache<true>;
  /** Blobs whose fill this instance queued a moment ago. */
  readonly queued: BoundedCache<true>;
  /** Digests of images whose blobs are all stored, and repositories' indexes of such an image. */
  readonly complete: BoundedCache<true>;
  /** Manifests of repositories that lately were not complete. */
  readonly incomplete: IncompleteManifests;
  /** Blobs of a registry whose fill was given up lately: clients get them passed through. */
  readonly unfillable: BoundedCache<true>;
  /** When a manifest of a repository was last marked as pulled. */
  readonly marks: BoundedCache<number>;
}

/**
 * Empty memory. `manifestBytes` bounds the manifests, and a quarter of it the lists of referrers; the
 * rest is bounded by numbers of entries.
 */
export function createMemory(manifestBytes: number, now: () => number): Memory {
  return {
    manifests: new BoundedCache(manifestBytes, now),
    tags: new BoundedCache(20_000, now),
    tagLists: new BoundedCache(200_000, now),
    referrers: new BoundedCache(manifestBytes / 4, now),
    blobEntries: new BoundedCache(50_000, now),
    refusals: new BoundedCache(10_000, now),
    blobRefusals: new BoundedCache(10_000, now),
    locations: new BoundedCache(1_000, now),
    direct: new BoundedCache(1_000, now),
    queued: new BoundedCache(20_000, now),
    complete: new BoundedCache(20_000, now),
    incomplete: new IncompleteManifests(now),
    delivered: new BoundedCache(50_000, now),
    unfillable: new BoundedCache(10_000, now),
    marks: new BoundedCache(50_000, now),
  };
}

/** The key of a blob as one registry has it. */
export function registryBlobKey(registry: string, digest: Digest): string {
  return `${registry}@${digest}`;
}

/** A blob's size in bytes; undefined when nobody stated it. */
export interface BlobSize {
  readonly size: number | undefined;
}

/** What is known of a blob that a repository may serve. */
export interface EntryOfBlob extends BlobSize {
  /** True when a manifest of the repository names it; else the upstream answered a HEAD. */
  readonly isNamed: boolean;
}

/** Notes that a registry sent all bytes of a blob, and that they are right. */
export function noteDelivered(memory: Memory, registry: string, digest: Digest): void {
  memory.delivered.set(registryBlobKey(registry, digest), true, entryLife);
}
