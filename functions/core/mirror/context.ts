import type { ByteRange } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { FillQueue } from '../ports/fill-queue.ts';
import type { Leases } from '../ports/leases.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { ManifestStore } from '../ports/manifest-store.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Attempted, Tolerant } from '../ports/tolerate.ts';
import type { Source, Sources } from '../sources/source.ts';
import type { Flights } from './flights.ts';
import type { Memory } from './memory.ts';
import type { BlobOutcome } from './outcome.ts';
import type { Filling } from './running-fill.ts';

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
  answer(context: Context, source: Source, part: WantedPart): Promise<BlobOutcome>;
}

/** The ports for decisions that must tell a failure from absence. */
export interface AttemptedPorts {
  readonly manifests: Attempted<ManifestStore>;
  readonly blobs: Attempted<BlobStore>;
  readonly leases: Attempted<Leases>;
  readonly queue: Attempted<FillQueue>;
}

/** What a fill can use. The ports here resolve to undefined when they fail. */
export interface FillContext {
  readonly manifests: Tolerant<ManifestStore>;
  readonly blobs: Tolerant<BlobStore>;
  readonly leases: Tolerant<Leases>;
  readonly ledger: Ledger;
  /** The same, which say that they failed. */
  readonly attempt: AttemptedPorts;
  /** The platform's own, which reject. */
  readonly ports: Ports;
  readonly sources: Sources;
  readonly limits: Limits;
  readonly missingBlobs: MissingBlobs;
  /** How long a mark of a pull is not repeated, in ms. */
  readonly markInterval: number;
  readonly memory: Memory;
  readonly flights: Flights;
  /** How many blobs and manifests a run of eviction looks at; infinite where nothing bounds it. */
  readonly evictionSteps: number;
  /** Aborted when this instance ends its work. */
  readonly stopping: AbortSignal;
  readonly runtime: Runtime;
}

/** Everything a decision of the mirror can use. */
export interface Context extends FillContext {
  readonly fills: Filling;
}

/** A blob that a client may read, and the part of it that it asked for. */
export interface WantedPart {
  readonly digest: Digest;
  /** In bytes; undefined when neither a manifest nor the upstream stated it. */
  readonly size: number | undefined;
  /** False when only what the repository's own registry sends now may be answered. */
  readonly mayBeStored: boolean;
  /** undefined for the whole blob. */
  readonly range: ByteRange | undefined;
}
