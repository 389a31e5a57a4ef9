import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { NotedBlob } from '../ports/blob-store.ts';
import type { Hold, ReferrersList, TagList, TagRecord } from '../ports/manifest-store.ts';
import type { BlobRedirect, Refused } from '../ports/upstream.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import type { TagSegment } from './lists/tag-pages.ts';
import type { KnownPolicy, PinnedTag } from './tags/known-policy.ts';
import type { RepositoryImages } from './tags/repository-images.ts';

/** How long a refusal is remembered, in ms: CI pushes a tag and pulls it a moment later. */
export const refusalLife = 20_000;

/** How long a blob's entry is used from memory before it is read from the index again, in ms. */
export const entryLife = 3_600_000;

/** How long a manifest counts as incomplete if nothing is stored meanwhile, in ms. */
const incompleteLife = 3_000;

/** What one instance keeps in memory: copies of what a store or an upstream said. */
export type Memory = ReturnType<typeof createMemory>;

/**
 * Creates empty memory. `manifestBytes` limits the manifests, a half of it the lists of tags, another
 * their parts, and a quarter the referrers. Other caches are limited by their number of entries.
 */
export function createMemory(manifestBytes: number, now: () => number) {
  return {
    manifests: new BoundedCache<CachedManifest>(manifestBytes, now),
    tags: new BoundedCache<TagRecord>(20_000, now),
    /** Whether an upstream recently had a manifest by digest. */
    obtainable: new BoundedCache<boolean>(10_000, now),
    /** Which rules and decisions apply to a tag. */
    tagPolicies: new BoundedCache<KnownPolicy>(20_000, now),
    /** Which tags lead to which images, where rules bind pulls by digest. */
    repositoryImages: new BoundedCache<RepositoryImages>(1_000, now),
    tagLists: new BoundedCache<TagList>(manifestBytes / 2, now),
    /** Parts of lists that clients read page by page. */
    tagSegments: new BoundedCache<TagSegment>(manifestBytes / 2, now),
    /** Weighed in bytes: clients choose which lists, whose annotations may have any length. */
    referrers: new BoundedCache<ReferrersList>(manifestBytes / 4, now),
    /** Blobs that a repository may serve: its manifests name them, or the upstream confirmed them. */
    blobEntries: new BoundedCache<BlobEntry>(50_000, now),
    /** Blobs of which a registry recently sent all bytes, and they were correct. */
    delivered: new BoundedCache<true>(50_000, now),
    /** Stored blobs that a client requested within the last minute, by where its range began. */
    requested: new BoundedCache<true>(20_000, now),
    /** Manifests and tags that the upstream recently refused. */
    refusals: new BoundedCache<Refused>(10_000, now),
    /** The same for blobs: a digest that is not a manifest may be a blob. */
    blobRefusals: new BoundedCache<Refused>(10_000, now),
    /** Tags that the upstream was recently asked to confirm for a client. */
    confirmed: new BoundedCache<true>(10_000, now),
    /** When a tag's check after an answer began, in ms since 1970; before all times if it failed. */
    backgroundChecks: new BoundedCache<number>(10_000, now),
    /** Names that a GET recently tried to import at an upstream that is a cache itself. */
    imports: new BoundedCache<true>(10_000, now),
    /** The tag that was last seen to name a manifest. */
    taggedDigests: new BoundedCache<string>(10_000, now),
    /** The index through which a tag was last seen to name a manifest; only where there are alternates. */
    parents: new BoundedCache<Digest>(10_000, now),
    /** Manifests that only an alternate named, where the configuration allows it. */
    unseen: new BoundedCache<true>(10_000, now),
    /** Repositories whose tags were recently searched for a digest. */
    tagSearches: new BoundedCache<true>(10_000, now),
    /** Upstreams' own redirects for blobs. */
    locations: new BoundedCache<BlobRedirect>(1_000, now),
    /** Repositories whose upstream recently served a blob itself instead of redirecting. */
    direct: new BoundedCache<true>(1_000, now),
    /** Blobs whose fill this instance recently queued. */
    queued: new BoundedCache<true>(20_000, now),
    /** Images with every blob stored, by digest, and repositories' indexes that name one. */
    complete: new BoundedCache<true>(20_000, now),
    /** What could not be had lately, by repository. */
    holds: new BoundedCache<Map<string, Hold>>(1_000, now),
    /** How many holds this instance stored since then. */
    storedHolds: { since: 0, count: 0 },
    /** Repositories whose stored holds were just read. */
    holdReads: new BoundedCache<true>(10_000, now),
    /** Indexes that clients got which do not fall back for the manifests in them, by repository. */
    servedIndexes: new BoundedCache<Map<Digest, true>>(1_000, now),
    /** Tags that an instance lately warned of, because they always move too soon. */
    stuckTags: new BoundedCache<true>(10_000, now),
    /** Set while pinned tags need not be confirmed again. */
    pinRounds: new BoundedCache<true>(2, now),
    /** The tags that people pinned, as they were last looked for. */
    pinnedTags: new BoundedCache<readonly PinnedTag[]>(2, now),
    /** Set while images that are past their time need not be looked for. */
    aged: new BoundedCache<true>(2, now),
    incomplete: new IncompleteManifests(now),
    /** Blobs of a registry whose fill was recently given up: clients get them passed through. */
    unfillable: new BoundedCache<true>(10_000, now),
    /** When a manifest of a repository was last marked as pulled. */
    marks: new BoundedCache<number>(50_000, now),
  };
}

/**
 * Manifests that were recently found incomplete. Anything that this instance stores may complete any of
 * them, so that clears all. What another instance stores shows after a few seconds.
 */
class IncompleteManifests {
  readonly #keys: BoundedCache<true>;
  #arrivals = 0;

  constructor(now: () => number) {
    this.#keys = new BoundedCache(10_000, now);
  }

  /** How often something was stored. */
  get arrivals(): number {
    return this.#arrivals;
  }

  has(key: string): boolean {
    return this.#keys.get(key) === true;
  }

  /** Adds what a walk found that began at `arrivals`, unless something was stored since. */
  add(key: string, arrivals: number): void {
    if (arrivals === this.#arrivals) this.#keys.set(key, true, incompleteLife);
  }

  /** A blob or a manifest was stored. */
  arrived(): void {
    this.#arrivals += 1;
    this.#keys.clear();
  }
}

/** A manifest in memory, with a summary so that it is not parsed twice. */
export interface CachedManifest {
  readonly manifest: Manifest;
  readonly summary: ManifestSummary | undefined;
}

/**
 * The parts of a manifest's contents that the mirror uses often. It leaves out everything of unlimited
 * length (annotations, URLs, media types), which may be megabytes for a few blobs.
 */
export interface ManifestSummary {
  readonly kind: 'image' | 'index';
  /** The blobs that it names, without duplicates. */
  readonly blobs: readonly NotedBlob[];
  /** Those that clients pull from here: content with `urls` comes from there (image-spec, layer.md). */
  readonly needed: readonly NotedBlob[];
  /** True if it names more blobs than these: then it never counts as complete. */
  readonly hasMore: boolean;
  /** The manifests of an index of which a client pulls one; at most 200, without duplicates. */
  readonly choices: readonly Digest[];
}

/** The key of a blob as one registry has it. */
export function registryBlobKey(registry: string, digest: Digest): string {
  return `${registry}@${digest}`;
}

/** A blob that a repository may serve. */
export interface BlobEntry {
  /** In bytes; undefined if neither a manifest nor the upstream states it. */
  readonly size: number | undefined;
  /** True if a manifest of the repository names it; otherwise the upstream answered a HEAD. */
  readonly isNamed: boolean;
}

/** Whether a repository may serve a blob. */
export type BlobAccess = ({ readonly kind: 'found' } & BlobEntry) | Unobtained;

/** Notes that a registry sent all bytes of a blob, and that they are correct. */
export function noteDelivered(memory: Memory, registry: string, digest: Digest): void {
  memory.delivered.set(registryBlobKey(registry, digest), true, entryLife);
}
