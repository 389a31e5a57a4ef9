import type { MirrorEvent } from '../ports/event.ts';
import type { FillJob, FillOutcome } from '../ports/fill-queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Upstream } from '../ports/upstream.ts';
import type { UpstreamPolicy } from '../sources/policy.ts';
import { UpstreamHealth } from '../sources/source-health.ts';
import { locateBlob } from './blobs/locate-blob.ts';
import {
  createFlights,
  createMemory,
  type Limits,
  type MissingBlobs,
  type Parts,
  type Ports,
} from './context.ts';
import { evict } from './eviction/evict.ts';
import { Fills } from './fills/fills.ts';
import { type FillLimits, handleFill } from './fills/handle-fill.ts';
import { listReferrers } from './lists/list-referrers.ts';
import { listTags } from './lists/list-tags.ts';
import type { Mirror } from './mirror.ts';
import { resolveManifest } from './resolve-manifest.ts';

/** What a mirror is made of. */
export interface MirrorOptions {
  /** By the registry's host as people write it. */
  readonly upstreams: ReadonlyMap<
    string,
    { readonly upstream: Upstream; readonly policy: UpstreamPolicy }
  >;
  readonly limits: Limits;
  /** How much of manifests is kept in memory, in bytes. */
  readonly memoryBytes: number;
  /** How long a mark of a pull is not repeated, in ms: each costs a write to the index. */
  readonly markInterval: number;
  readonly missingBlobs: MissingBlobs;
  /**
   * How many blobs and manifests a run of eviction looks at, where the platform bounds what a
   * process may ask; absent: as many as it takes.
   */
  readonly evictionSteps?: number | undefined;
}

/** A mirror, and the work that its platform has to drive. */
export interface RunningMirror extends Mirror {
  /** Does one job of the fill queue; does not reject. */
  handleFill(job: FillJob, limits?: FillLimits): Promise<FillOutcome>;
  /** Brings the store under its bound; does not reject. */
  evict(): Promise<void>;
  /** Stops the work of this instance; what was queued stays queued. */
  stop(): Promise<void>;
}

/** Assembles a mirror out of its upstreams and a platform's ports. */
export function createMirror(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime<MirrorEvent>,
): RunningMirror {
  const now = () => runtime.now();
  const mirrored = [...options.upstreams].map(
    ([registry, entry]) =>
      [registry, { ...entry, health: new UpstreamHealth(entry.upstream, runtime) }] as const,
  );
  const fills = new Fills();
  const stopping = new AbortController();
  const parts: Parts = {
    ...ports,
    upstreams: new Map(mirrored),
    limits: options.limits,
    missingBlobs: options.missingBlobs,
    markInterval: options.markInterval,
    memory: createMemory(options.memoryBytes, now),
    flights: createFlights(runtime),
    fills,
    evictionSteps: options.evictionSteps ?? Number.POSITIVE_INFINITY,
    stopping: stopping.signal,
    runtime,
  };
  fills.attach(parts);
  return {
    policies: new Map(mirrored.map(([registry, { policy }]) => [registry, policy])),
    resolveManifest: (...ask) => resolveManifest(parts, ...ask),
    locateBlob: (...ask) => locateBlob(parts, ...ask),
    listTags: (...ask) => listTags(parts, ...ask),
    listReferrers: (...ask) => listReferrers(parts, ...ask),
    listRepositories: (...ask) => ports.manifests.listRepositories(...ask),
    handleFill: (job, fillLimits) => handleFill(parts, job, fillLimits),
    evict: () => evict(parts),
    stop: () => {
      stopping.abort();
      return fills.stop();
    },
  };
}
