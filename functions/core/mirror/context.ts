import type { ByteRange } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Leases } from '../ports/leases.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { ManifestStore } from '../ports/manifest-store.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Attempted, Tolerant } from '../ports/tolerate.ts';
import type { Access } from '../sources/access/access.ts';
import type { Source } from '../sources/source.ts';
import type { Sources } from '../sources/sources.ts';
import type { Fills } from './blob-fill.ts';
import type { UpstreamReads } from './blobs/upstream-reads.ts';
import type { Flights } from './flights.ts';
import type { Memory } from './memory.ts';
import type { BlobOutcome } from './mirror.ts';

/** The limits of what is stored. */
export interface Limits {
  /** Larger blobs are passed through and not stored. */
  readonly maxBlobBytes: number;
  /** Above this, the least recently pulled images are evicted. */
  readonly storeBytes: number;
}

/**
 * How clients get blobs that are not stored, from an upstream that does not redirect: `followFills`,
 * `passThroughAll` or `awaitLarge`. Each platform imports only the one that it uses.
 */
export interface MissingBlobs {
  /** True if other instances fill, so that clients cannot follow a fill. */
  readonly otherInstancesFill: boolean;
  /** Rejects with an UpstreamError. */
  answer(context: Context, source: Source, request: BlobRequest): Promise<BlobOutcome>;
}

/** What a platform and its configuration decide. */
export interface MirrorSettings {
  readonly limits: Limits;
  readonly missingBlobs: MissingBlobs;
  /** The shortest time between two marks of a manifest as pulled, in ms: each costs a write. */
  readonly markInterval: number;
}

/** What a fill can use. The ports here resolve to undefined when they fail. */
export interface FillContext extends MirrorSettings {
  readonly manifests: Tolerant<ManifestStore>;
  readonly blobs: Tolerant<BlobStore>;
  readonly leases: Tolerant<Leases>;
  readonly ledger: Ledger;
  /** The ports for decisions that must tell a failure from absence. */
  readonly attempt: {
    readonly [Name in 'manifests' | 'blobs' | 'leases' | 'queue']: Attempted<Ports[Name]>;
  };
  /** The platform's own ports, which reject. */
  readonly ports: Ports;
  readonly sources: Sources;
  readonly memory: Memory;
  readonly flights: Flights;
  /** How many blobs and manifests one eviction run examines; may be infinite. */
  readonly evictionSteps: number;
  /** Aborted when this instance stops. */
  readonly stopping: AbortSignal;
  readonly runtime: Runtime;
}

/** What every decision of the mirror can use. */
export interface Context extends FillContext {
  readonly fills: Fills;
  readonly upstreamReads: UpstreamReads;
  readonly access: Access;
}

/** A request for a blob that the client may read, or for a range of it. */
export interface BlobRequest {
  readonly digest: Digest;
  /** In bytes; undefined if neither a manifest nor the upstream stated it. */
  readonly size: number | undefined;
  /** False if only bytes that the repository's own registry sends now may be served. */
  readonly mayUseStore: boolean;
  /** undefined for the whole blob. */
  readonly range: ByteRange | undefined;
}
