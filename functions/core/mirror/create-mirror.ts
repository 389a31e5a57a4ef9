import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import type { FillJob, FillOutcome } from '../ports/fill-queue.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import { attempt, tolerate } from '../ports/tolerate.ts';
import { type MirroredUpstream, type Source, Sources } from '../sources/source.ts';
import { locateBlob } from './blobs/locate-blob.ts';
import type { Context, FillContext, Limits, MissingBlobs } from './context.ts';
import { evict } from './eviction/evict.ts';
import { Fills } from './fills/fills.ts';
import { type FillLimits, handleFill } from './fills/handle-fill.ts';
import { createFlights } from './flights.ts';
import { listReferrers } from './lists/list-referrers.ts';
import { listTags } from './lists/list-tags.ts';
import { createMemory } from './memory.ts';
import type { Method, Mirror, MirroredRepository, SingleRange } from './mirror.ts';
import type { BlobOutcome, ManifestOutcome, ReferrersOutcome, TagsOutcome } from './outcome.ts';
import { resolveManifest } from './resolve-manifest.ts';

/** What a mirror is made of. */
export interface MirrorOptions {
  /** By the registry's host as people write it. */
  readonly upstreams: ReadonlyMap<string, MirroredUpstream>;
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
  /** Takes other upstreams and bounds for what begins from now on. */
  reconfigure(options: Pick<MirrorOptions, 'upstreams' | 'limits'>): void;
  /** Stops the work of this instance; what was queued stays queued. */
  stop(): Promise<void>;
}

/** Assembles a mirror out of its upstreams and a platform's ports. */
export function createMirror(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime,
): RunningMirror {
  const stopping = new AbortController();
  const limits = { ...options.limits };
  const context = createContext({ ...options, limits }, ports, runtime, stopping.signal);
  return {
    get policies() {
      return context.sources.policies;
    },
    repository: (repository) => new RequestedRepository(context, context.sources.of(repository)),
    listRepositories: (...asked) => ports.manifests.listRepositories(...asked),
    handleFill: (job, fillLimits) => handleFill(context, job, fillLimits),
    evict: () => evict(context),
    reconfigure: (changed) => {
      context.sources.replace(changed.upstreams);
      Object.assign(limits, changed.limits);
    },
    stop: () => {
      stopping.abort();
      return context.fills.stop();
    },
  };
}

/** A class, as one is made for each request: closures would cost a tenth of a warm answer. */
class RequestedRepository implements MirroredRepository {
  readonly #context: Context;
  readonly #source: Source;

  constructor(context: Context, source: Source) {
    this.#context = context;
    this.#source = source;
  }

  get upstreamCalls(): number {
    return this.#source.upstreamCalls;
  }

  resolveManifest(reference: Reference, method: Method): Promise<ManifestOutcome> {
    return resolveManifest(this.#context, this.#source, reference, method);
  }

  locateBlob(digest: Digest, method: Method, range: SingleRange): Promise<BlobOutcome> {
    return locateBlob(this.#context, this.#source, digest, method, range);
  }

  listTags(): Promise<TagsOutcome> {
    return listTags(this.#context, this.#source);
  }

  listReferrers(subject: Digest): Promise<ReferrersOutcome> {
    return listReferrers(this.#context, this.#source, subject);
  }
}

function createContext(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime,
  stopping: AbortSignal,
): Context {
  const observe = runtime.observe.bind(runtime);
  const { upstreams, memoryBytes, evictionSteps = Number.POSITIVE_INFINITY, ...given } = options;
  const fillContext: FillContext = {
    ...given,
    evictionSteps,
    manifests: tolerate(ports.manifests, observe),
    blobs: tolerate(ports.blobs, observe),
    leases: tolerate(ports.leases, observe),
    ledger: ports.ledger,
    attempt: {
      manifests: attempt(ports.manifests, observe),
      blobs: attempt(ports.blobs, observe),
      leases: attempt(ports.leases, observe),
      queue: attempt(ports.queue, observe),
    },
    ports,
    sources: new Sources(upstreams, runtime),
    memory: createMemory(memoryBytes, () => runtime.now()),
    flights: createFlights(runtime),
    stopping,
    runtime,
  };
  const context: Context = {
    ...fillContext,
    fills: new Fills(fillContext, () => evict(context)),
  };
  return context;
}
