import type { RangeSpec } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { PageRequest } from '../oci/page.ts';
import type { Reference } from '../oci/reference.ts';
import type { Ports } from '../ports/ports.ts';
import type { Runtime } from '../ports/runtime.ts';
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
import { parseDatedTag } from '../tag-policy/as-of.ts';
import { locateBlob } from './blobs/locate-blob.ts';
import { locateRanges } from './blobs/locate-ranges.ts';
import { UpstreamReads } from './blobs/upstream-reads.ts';
import type { Context, FillContext, MirrorSettings } from './context.ts';
import { LocalFills } from './fills/fills.ts';
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
import { noUpkeep } from './no-upkeep.ts';
import { resolveManifest } from './resolve-manifest.ts';
import type { Upkeep, UpkeepOf } from './upkeep.ts';

interface MirrorOptions extends MirrorSettings {
  /** By the registry's host as people write it. */
  readonly upstreams: ReadonlyMap<string, MirroredUpstream>;
  /** How many bytes of manifests to keep in memory. */
  readonly memoryBytes: number;
  /** How many blobs and manifests one eviction run examines; unlimited by default. */
  readonly evictionSteps?: number | undefined;
  /** The work beside pulls; undefined for an instance that only serves them. */
  readonly upkeep?: UpkeepOf | undefined;
  /** Shared by the mirrors of a process; by default the mirror has its own. */
  readonly budgets?: Budgets | undefined;
}

/** A mirror, and the work that its platform must start. Without `upkeep`, that work throws. */
export interface RunningMirror extends Mirror, Upkeep {
  /** What is left of the limit of each account at each registry, and who spent it. */
  budgets(): Promise<readonly BudgetReport[]>;
  /** Applies to requests and fills that begin from now on. */
  reconfigure(options: Pick<MirrorOptions, 'upstreams' | 'limits'>): void;
  /** Stops this instance's work; queued fills stay queued. */
  stop(): Promise<void>;
}

/** Creates a mirror from its upstreams and a platform's ports. */
export function createMirror(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime,
): RunningMirror {
  const stopping = new AbortController();
  const limits = { ...options.limits };
  const context: Context = createContext(
    { ...options, limits },
    ports,
    runtime,
    stopping.signal,
    () => work.evict(),
  );
  const work = (options.upkeep ?? noUpkeep)(context);
  const mirror = {
    get policies() {
      return context.sources.policies;
    },
    repository: (repository, origin, commits) =>
      new RequestRepository(context, context.sources.of(repository, origin, commits)),
    listRepositories: (...parameters) => ports.manifests.listRepositories(...parameters),
    listable: (keys, { client }: RequestOrigin) =>
      context.access.listable(keys, (registry) => context.sources.accessOf(registry), client),
    listGone: (page) => ports.manifests.listGone(page),
    budgets: () => context.sources.budgets(),
    reconfigure: (changed) => {
      context.sources.replace(changed.upstreams);
      Object.assign(limits, changed.limits);
    },
    stop: () => {
      stopping.abort();
      return context.fills.stop();
    },
  } satisfies Omit<RunningMirror, keyof Upkeep>;
  // Not a spread: it would read `policies` once.
  return Object.assign(mirror, work);
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
    const asked = { kind: 'manifest', reference: undated(source, reference) } as const;
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

/** The registry knows no tag with a date: whoever may read the tag may read what it named then. */
function undated({ policy }: Source, reference: Reference): Reference {
  const dated = policy.asOf && reference.kind === 'tag' ? parseDatedTag(reference.tag) : undefined;
  return dated === undefined ? reference : { kind: 'tag', tag: dated.tag };
}

function createContext(
  options: MirrorOptions,
  ports: Ports,
  runtime: Runtime,
  stopping: AbortSignal,
  onStored: () => Promise<void>,
): Context {
  const observe = runtime.observe.bind(runtime);
  const {
    upstreams,
    memoryBytes,
    upkeep: _,
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
  const fills = new LocalFills(fillContext, onStored);
  const context: Context = { ...fillContext, fills, upstreamReads: new UpstreamReads(), access };
  // Images may no longer be complete.
  ports.blobs.onDamaged?.(() => context.memory.complete.clear());
  return context;
}
