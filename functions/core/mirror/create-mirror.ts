import type { RangeSpec } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { PageRequest } from '../oci/page.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import type { FillJob, FillOutcome } from '../ports/fill-queue.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { TagOrder } from '../ports/tag-states.ts';
import { attempt, tolerate } from '../ports/tolerate.ts';
import { Access } from '../sources/access/access.ts';
import type { Asked } from '../sources/access/public-check.ts';
import type { BudgetReport } from '../sources/budget/budget-report.ts';
import { Budgets } from '../sources/budget/budgets.ts';
import type { MirroredUpstream } from '../sources/mirrored-upstream.ts';
import type { RequestOrigin } from '../sources/request-origin.ts';
import type { Source } from '../sources/source.ts';
import { Sources } from '../sources/sources.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import { locateBlob } from './blobs/locate-blob.ts';
import { locateRanges } from './blobs/locate-ranges.ts';
import { UpstreamReads } from './blobs/upstream-reads.ts';
import type { Context, FillContext, MirrorSettings } from './context.ts';
import { evict } from './eviction/evict.ts';
import { type PlannedEviction, planEviction } from './eviction/eviction-plan.ts';
import { LocalFills } from './fills/fills.ts';
import { type DeliveryOptions, handleFill, handleFills } from './fills/handle-fill.ts';
import { createFlights } from './flights.ts';
import { listReferrers } from './lists/list-referrers.ts';
import { listTags } from './lists/list-tags.ts';
import { createMemory } from './memory.ts';
import type {
  BlobOutcome,
  ManifestOutcome,
  Method,
  Mirror,
  MirroredRepository,
  RangesOutcome,
  ReferrersOutcome,
  SingleRange,
  TagsOutcome,
} from './mirror.ts';
import { resolveManifest } from './resolve-manifest.ts';
import { confirmPins } from './tags/pinned-tags.ts';
import { type Refresh, refresh } from './tags/refresh.ts';
import {
  bypass,
  type Decider,
  freeze,
  type HistoryEntry,
  type NamedTag,
  pin,
  rollBack,
  tagHistory,
  thaw,
  unpin,
} from './tags/tag-orders.ts';

interface MirrorOptions extends MirrorSettings {
  /** By the registry's host as people write it. */
  readonly upstreams: ReadonlyMap<string, MirroredUpstream>;
  /** How many bytes of manifests to keep in memory. */
  readonly memoryBytes: number;
  /** How many blobs and manifests one eviction run examines; unlimited by default. */
  readonly evictionSteps?: number | undefined;
  /** Shared by the mirrors of a process; by default the mirror has its own. */
  readonly budgets?: Budgets | undefined;
}

/** A mirror, and the work that its platform must start. */
export interface RunningMirror extends Mirror {
  /** Handles one job of the fill queue; does not reject. */
  handleFill(job: FillJob, options?: DeliveryOptions): Promise<FillOutcome>;
  /** Handles jobs that share a message, for blobs of one repository; does not reject. */
  handleFills(
    jobs: readonly [FillJob, ...FillJob[]],
    options?: DeliveryOptions,
  ): Promise<readonly FillOutcome[]>;
  /** Has the upstream confirm one tag or all known tags of a repository now: see `tags/refresh.ts`. */
  refresh(repository: Repository, tag?: string, page?: PageRequest): Promise<Refresh>;
  /** Evicts until the store is within its limit; does not reject. */
  evict(): Promise<void>;
  /** Has the upstreams confirm pinned tags that are out of date, at most once in their `tagTtl`. */
  confirmPins(until?: number): Promise<void>;
  /** What eviction would free now, at most `limit` images. */
  planEviction(limit: number): Promise<readonly PlannedEviction[]>;
  /** What people decide about tags. */
  readonly tags: TagControl;
  /** What is left of the limit of each account at each registry, and who spent it. */
  budgets(): Promise<readonly BudgetReport[]>;
  /** Applies to requests and fills that begin from now on. */
  reconfigure(options: Pick<MirrorOptions, 'upstreams' | 'limits'>): void;
  /** Stops this instance's work; queued fills stay queued. */
  stop(): Promise<void>;
}

/** What people can decide about tags: see `tags/tag-orders.ts`. */
export interface TagControl {
  freeze(named: NamedTag, decider: Decider, digest?: Digest): Promise<TagOrder>;
  thaw(named: NamedTag, decider: Decider): Promise<void>;
  rollBack(named: NamedTag, decider: Decider, digest?: Digest): Promise<TagOrder>;
  bypass(named: NamedTag, digest: Digest, decider: Decider): Promise<void>;
  pin(named: NamedTag, decider: Decider): Promise<void>;
  unpin(named: NamedTag, decider: Decider): Promise<void>;
  history(named: NamedTag): Promise<readonly HistoryEntry[]>;
}

/** Creates a mirror from its upstreams and a platform's ports. */
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
    repository: (repository, origin, commits) =>
      new RequestRepository(context, context.sources.of(repository, origin, commits)),
    listRepositories: (...parameters) => ports.manifests.listRepositories(...parameters),
    listable: (keys, { client }: RequestOrigin) =>
      context.access.listable(keys, (registry) => context.sources.accessOf(registry), client),
    listGone: (page) => ports.manifests.listGone(page),
    handleFill: (job, delivery) => handleFill(context, job, delivery),
    handleFills: (jobs, delivery) => handleFills(context, jobs, delivery),
    refresh: (...parameters) => refresh(context, ...parameters),
    evict: () => evict(context),
    confirmPins: (until) => confirmPins(context, until),
    planEviction: (limit) => planEviction(context, limit),
    tags: {
      freeze: (...parameters) => freeze(context, ...parameters),
      thaw: (...parameters) => thaw(context, ...parameters),
      rollBack: (...parameters) => rollBack(context, ...parameters),
      bypass: (...parameters) => bypass(context, ...parameters),
      pin: (...parameters) => pin(context, ...parameters),
      unpin: (...parameters) => unpin(context, ...parameters),
      history: (named) => tagHistory(context, named),
    },
    budgets: () => context.sources.budgets(),
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

/** A class, because each request creates one: closures would take a tenth of a warm answer's time. */
class RequestRepository implements MirroredRepository {
  readonly #context: Context;
  readonly #source: Source;

  constructor(context: Context, source: Source) {
    this.#context = context;
    this.#source = source;
  }

  get upstreamCalls(): number {
    return this.#source.upstreamCalls;
  }

  resolveManifest(
    reference: Reference,
    method: Method,
    mustConfirm = false,
  ): Promise<ManifestOutcome> {
    const [context, source] = [this.#context, this.#source];
    if (source.access === undefined) {
      return resolveManifest(context, source, reference, method, mustConfirm);
    }
    const asked = { kind: 'manifest', reference } as const;
    const judging = context.access.refusal(source, asked);
    if (judging === undefined) {
      return resolveManifest(context, source, reference, method, mustConfirm);
    }
    return judging.then(
      (refusal) => refusal ?? resolveManifest(context, source, reference, method, mustConfirm),
    );
  }

  locateBlob(
    digest: Digest,
    method: Method,
    range: SingleRange,
    urlLife?: number,
  ): Promise<BlobOutcome> {
    const [context, source] = [this.#context, this.#source];
    if (source.access === undefined) {
      return locateBlob(context, source, digest, method, range, urlLife);
    }
    return this.#guard({ kind: 'blob', digest }, () =>
      locateBlob(context, source, digest, method, range, urlLife),
    );
  }

  locateRanges(
    digest: Digest,
    ranges: readonly RangeSpec[],
    urlLife?: number,
  ): Promise<RangesOutcome> {
    const answer = () => locateRanges(this.#context, this.#source, digest, ranges, urlLife);
    return this.#guard({ kind: 'blob', digest }, answer);
  }

  listTags(page: PageRequest): Promise<TagsOutcome> {
    return this.#guard({ kind: 'tags' }, () => listTags(this.#context, this.#source, page));
  }

  listReferrers(subject: Digest): Promise<ReferrersOutcome> {
    const answer = () => listReferrers(this.#context, this.#source, subject);
    return this.#guard({ kind: 'referrers', subject }, answer);
  }

  /** Answers only a client that may read what it asks for; what happened before does not matter. */
  #guard<Outcome>(asked: Asked, answer: () => Promise<Outcome>): Promise<Outcome | Unobtained> {
    const judged = this.#context.access.refusal(this.#source, asked);
    if (judged === undefined) return answer();
    return judged.then<Outcome | Unobtained>((refusal) => refusal ?? answer());
  }
}

function createContext(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime,
  stopping: AbortSignal,
): Context {
  const observe = runtime.observe.bind(runtime);
  const {
    upstreams,
    memoryBytes,
    evictionSteps = Number.POSITIVE_INFINITY,
    budgets: given,
    ...settings
  } = options;
  const leases = tolerate(ports.leases, observe);
  const ledger = tolerate(ports.ledger, observe);
  const isShared = settings.missingBlobs.otherInstancesFill;
  const budgets = given ?? new Budgets({ leases, ledger, runtime, isShared });
  const manifests = tolerate(ports.manifests, observe);
  const access = new Access({ index: manifests, runtime });
  const fillContext: FillContext = {
    ...settings,
    evictionSteps,
    manifests,
    blobs: tolerate(ports.blobs, observe),
    leases,
    ledger: ports.ledger,
    attempt: {
      manifests: attempt(ports.manifests, observe),
      blobs: attempt(ports.blobs, observe),
      leases: attempt(ports.leases, observe),
      queue: attempt(ports.queue, observe),
    },
    ports,
    sources: new Sources(upstreams, runtime, budgets, access),
    memory: createMemory(memoryBytes, () => runtime.now()),
    flights: createFlights(runtime),
    stopping,
    runtime,
  };
  const fills = new LocalFills(fillContext, () => evict(context));
  const context: Context = { ...fillContext, fills, upstreamReads: new UpstreamReads(), access };
  // Images may no longer be complete.
  ports.blobs.onDamaged?.(() => context.memory.complete.clear());
  return context;
}
