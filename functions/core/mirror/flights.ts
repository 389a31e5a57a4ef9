import { SingleFlight } from '../concurrency/single-flight.ts';
import type { ReferrersList, TagList, TagRecord } from '../ports/manifest-store.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { BlobLocating } from '../ports/upstream.ts';
import type { Unobtained } from '../sources/source.ts';
import type { EntryOfBlob, KnownManifest } from './memory.ts';
import type { ManifestOutcome, Provenance } from './outcome.ts';

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
export function createFlights(runtime: Pick<Runtime, 'waitUntil'>): Flights {
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
