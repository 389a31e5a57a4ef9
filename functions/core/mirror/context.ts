import { BoundedCache } from '../concurrency/bounded-cache.ts';
import { SingleFlight } from '../concurrency/single-flight.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Repository } from '../oci/repository.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { MirrorEvent } from '../ports/event.ts';
import type { FillQueue } from '../ports/fill-queue.ts';
import type { Leases } from '../ports/leases.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { ManifestStore, ReferrersList, TagList, TagRecord } from '../ports/manifest-store.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { BlobLocating, CallCount, Upstream } from '../ports/upstream.ts';
import type { UpstreamPolicy } from '../sources/policy.ts';
import type { UpstreamHealth } from '../sources/source-health.ts';
import type { Filling } from './filling.ts';
import { IncompleteManifests } from './incomplete-manifests.ts';
import type { KnownContents } from './manifest-summary.ts';
import type { BlobOutcome, ManifestOutcome, Provenance, Unobtained } from './outcome.ts';
import type { WantedPart } from './wanted-part.ts';

/** What the platform brings. */
export interface Ports {
  readonly manifests: ManifestStore;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly ledger: Ledger;
  readonly queue: FillQueue;
}

/** An upstream registry and how it is mirrored. */
export interface MirroredUpstream {
  readonly upstream: Upstream;
  readonly policy: UpstreamPolicy;
  readonly health: UpstreamHealth;
}

/** A manifest in memory with what it names, so that neither is read twice. */
export interface KnownManifest {
  readonly manifest: Manifest;
  readonly contents: KnownContents | undefined;
}

/** The bounds of what is stored. */
export interface Limits {
  /** A larger blob is passed through and not stored. */
  readonly maxBlobBytes: number;
  /** Above this the images pulled longest ago are evicted. */
  readonly storeBytes: number;
}

/**
 * How clients get what is not stored from an upstream that sends it itself: `followFills`,
 * `passThroughAll` or `awaitLarge`. A platform names its own, so that it carries no other.
 */
export interface MissingBlobs {
  /** True where other instances fill and nobody can follow a fill. */
  readonly areFilledBehind: boolean;
  /** Rejects with an UpstreamError. */
  answer(
    parts: Parts,
    repository: Repository,
    part: WantedPart,
    calls: CallCount,
  ): Promise<BlobOutcome>;
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

/** The work that concurrent requests share. */
export interface Flights {
  readonly tags: SingleFlight<TagCheck>;
  readonly manifests: SingleFlight<FetchedManifest>;
  /** Whether a manifest is complete. */
  readonly walks: SingleFlight<boolean>;
  readonly probes: SingleFlight<void>;
  readonly entries: SingleFlight<(EntryOfBlob & { kind: 'found' }) | Unobtained>;
  readonly locations: SingleFlight<BlobLocating>;
  readonly tagLists: SingleFlight<TagList | Unobtained>;
  readonly referrers: SingleFlight<FetchedReferrers | Unobtained>;
  readonly evictions: SingleFlight<void>;
}

/** No work is under way yet. */
export function createFlights(runtime: Pick<Runtime<MirrorEvent>, 'waitUntil'>): Flights {
  return {
    tags: new SingleFlight(runtime),
    manifests: new SingleFlight(runtime),
    walks: new SingleFlight(runtime),
    probes: new SingleFlight(runtime),
    entries: new SingleFlight(runtime),
    locations: new SingleFlight(runtime),
    tagLists: new SingleFlight(runtime),
    referrers: new SingleFlight(runtime),
    evictions: new SingleFlight(runtime),
  };
}

/** A list of referrers; with a provenance where it is not the upstream's word of now. */
export interface FetchedReferrers extends ReferrersList {
  readonly provenance?: Provenance;
}

/** What the upstream said of a tag; `changed` when that is news. */
export type TagCheck =
  | { readonly kind: 'found'; readonly record: TagRecord; readonly changed: boolean }
  | Unobtained;

/** A manifest that a repository has now. */
export type FetchedManifest =
  | { readonly kind: 'found'; readonly known: KnownManifest }
  | Exclude<ManifestOutcome, { kind: 'found' }>;

/** Everything a decision of the mirror can use. */
export interface Parts extends Ports {
  readonly upstreams: ReadonlyMap<string, MirroredUpstream>;
  readonly limits: Limits;
  readonly missingBlobs: MissingBlobs;
  /** How long a mark of a pull is not repeated, in ms. */
  readonly markInterval: number;
  readonly memory: Memory;
  readonly flights: Flights;
  readonly fills: Filling;
  /** How many blobs and manifests a run of eviction looks at; infinite where nothing bounds it. */
  readonly evictionSteps: number;
  /** Aborted when this instance ends its work. */
  readonly stopping: AbortSignal;
  readonly runtime: Runtime<MirrorEvent>;
}

/** The upstream of a repository. Repositories of other registries never come this far. */
export function upstreamOf(
  parts: Pick<Parts, 'upstreams'>,
  repository: Repository,
): MirroredUpstream {
  const found = parts.upstreams.get(repository.registry);
  if (found === undefined) throw new Error(`${repository.registry} is not a configured registry`);
  return found;
}
