import { SingleFlight } from '../concurrency/single-flight.ts';
import type { ReferrersList, TagList, TagRecord } from '../ports/manifest-store.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { BlobRedirect } from '../ports/upstream.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import type { TagSegment } from './lists/tag-pages.ts';
import type { BlobAccess, CachedManifest } from './memory.ts';
import type { Provenance } from './mirror.ts';

/** The work that concurrent requests share. */
export type Flights = ReturnType<typeof createFlights>;

export function createFlights(runtime: Pick<Runtime, 'waitUntil'>) {
  return {
    tags: new SingleFlight<TagCheck>(runtime),
    /** Of tags whose clients have their answers, where other instances check as well. */
    backgroundChecks: new SingleFlight<TagCheck | undefined>(runtime),
    /** Of tags by GET, from upstreams that are caches themselves. */
    imports: new SingleFlight<TagCheck | undefined>(runtime),
    /** The same for a digest; true if the manifest can be had by now. */
    digestImports: new SingleFlight<boolean>(runtime),
    manifests: new SingleFlight<FetchedManifest>(runtime),
    /** Whether a manifest is complete. */
    walks: new SingleFlight<boolean>(runtime),
    /** Whether an alternate has a manifest. */
    elsewhere: new SingleFlight<boolean>(runtime),
    /** Of tags that only an alternate named so far. */
    unseen: new SingleFlight<UnseenTag | undefined>(runtime),
    probes: new SingleFlight<void>(runtime),
    entries: new SingleFlight<BlobAccess>(runtime),
    locations: new SingleFlight<BlobRedirect>(runtime),
    tagLists: new SingleFlight<TagList | Unobtained>(runtime),
    tagPages: new SingleFlight<TagSegment | Unobtained>(runtime),
    referrers: new SingleFlight<FetchedReferrers | Unobtained>(runtime),
    /** Of the fill of a blob that a client requested. */
    enqueues: new SingleFlight<void>(runtime),
    evictions: new SingleFlight<void>(runtime),
  };
}

/** A referrers list. `provenance` is set unless it is a fresh upstream answer. */
export interface FetchedReferrers extends ReferrersList {
  readonly provenance?: Provenance;
}

/** What an alternate says of a tag that the upstream never named. */
export interface UnseenTag {
  readonly cached: CachedManifest;
  /** The alternate's registry. */
  readonly registry: string;
}

/** The upstream's answer about a tag; `changed` if it names another digest than before. */
export type TagCheck =
  | { readonly kind: 'found'; readonly record: TagRecord; readonly changed: boolean }
  | Unobtained;

export type FetchedManifest =
  | { readonly kind: 'found'; readonly cached: CachedManifest }
  | Unobtained;
