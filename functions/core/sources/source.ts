import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import { type Repository, repositoryKey } from '../oci/repository.ts';
import type { Runtime } from '../ports/runtime.ts';
import type {
  BlobHead,
  BlobLocating,
  BlobOpening,
  BlobSlice,
  ManifestGet,
  ManifestHead,
  ReferrersListing,
  RemoteRepository,
  TagListing,
  Upstream,
} from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import { SourceHealth } from './source-health.ts';

/** How one upstream is mirrored. Durations are in ms. */
export interface UpstreamPolicy {
  /** For how long a tag is served without asking the upstream. */
  readonly tagTtl: number;
  /** For how long after its last confirmation a tag may be served while the upstream fails. */
  readonly maxStale: number;
  /** Tags that never move once seen. */
  readonly immutableTags: readonly RegExp[];
  /** Repositories that may be pulled; an empty list allows all. */
  readonly allow: readonly RegExp[];
  /** Repositories that may not be pulled, whatever `allow` says. */
  readonly deny: readonly RegExp[];
  /**
   * How a blob that is not stored yet reaches the client: through this mirror, or by the upstream's
   * own redirect while the mirror fills behind it.
   */
  readonly delivery: 'stream' | 'redirect';
}

/** True when the policy lets clients pull the repository of this name. */
export function isAllowed(policy: Pick<UpstreamPolicy, 'allow' | 'deny'>, name: string): boolean {
  if (policy.deny.some((pattern) => pattern.test(name))) return false;
  return policy.allow.length === 0 || policy.allow.some((pattern) => pattern.test(name));
}

/** An upstream registry and how it is mirrored. */
export interface MirroredUpstream {
  readonly upstream: Upstream;
  readonly policy: UpstreamPolicy;
}

/** Not to be had, and why. */
export type Unobtained =
  /** The upstream says that it is not there. */
  | { readonly kind: 'absent' }
  /** The upstream does not let this mirror's credential (or nobody) read it. */
  | { readonly kind: 'denied' }
  /** The upstream failed and nothing that we have can stand in. */
  | { readonly kind: 'unobtainable'; readonly error: UpstreamError };

/** The configured upstreams with what this instance lately saw of them. */
export class Sources {
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  /** Also those that were taken out: requests that began with them end with them. */
  #upstreams: ReadonlyMap<string, MirroredUpstream & { readonly health: SourceHealth }> = new Map();
  #policies: ReadonlyMap<string, UpstreamPolicy> = new Map();

  constructor(
    upstreams: ReadonlyMap<string, MirroredUpstream>,
    runtime: Pick<Runtime, 'now' | 'observe'>,
  ) {
    this.#runtime = runtime;
    this.replace(upstreams);
  }

  /** Takes other upstreams for what begins from now on. */
  replace(upstreams: ReadonlyMap<string, MirroredUpstream>): void {
    const opened = [...upstreams].map(([registry, mirrored]) => {
      const health = new SourceHealth(mirrored.upstream, this.#runtime);
      return [registry, { ...mirrored, health }] as const;
    });
    this.#upstreams = new Map([...this.#upstreams, ...opened]);
    this.#policies = new Map([...upstreams].map(([registry, { policy }]) => [registry, policy]));
  }

  /** How each registry is mirrored, by its host as people write it. */
  get policies(): ReadonlyMap<string, UpstreamPolicy> {
    return this.#policies;
  }

  has(registry: string): boolean {
    return this.#policies.has(registry);
  }

  /**
   * Where a repository comes from, for one piece of work, which counts its own requests. Throws for
   * a registry that is not configured: requests for one never come this far.
   */
  of(repository: Repository): Source {
    const found = this.#upstreams.get(repository.registry);
    if (found === undefined) throw new Error(`${repository.registry} is not a configured registry`);
    return new Source(repository, found.upstream, found.policy, found.health);
  }
}

/**
 * A repository at its upstream, as one piece of work (a client's request, a fill) asks for it. Every
 * question is noted in the upstream's health, and rejects with an UpstreamError when there is no
 * usable answer.
 */
export class Source implements RemoteRepository {
  readonly repository: Repository;
  /** The repository's name at its registry. */
  readonly name: string;
  readonly policy: UpstreamPolicy;
  /** Requests that this piece of work sent to upstreams. */
  upstreamCalls = 0;
  readonly #upstream: Upstream;
  readonly #health: SourceHealth;

  constructor(
    repository: Repository,
    upstream: Upstream,
    policy: UpstreamPolicy,
    health: SourceHealth,
  ) {
    this.repository = repository;
    this.name = repository.name;
    this.policy = policy;
    this.#upstream = upstream;
    this.#health = health;
  }

  /** As `docker.io/library/alpine`. */
  get key(): string {
    return repositoryKey(this.repository);
  }

  /** HEAD of a manifest: not counted as a pull by Docker Hub. */
  headManifest(reference: Reference): Promise<ManifestHead> {
    return this.#ask((upstream) => upstream.headManifest(this, reference));
  }

  /** GET of a manifest: counted as a pull. */
  getManifest(reference: Reference): Promise<ManifestGet> {
    return this.#ask((upstream) => upstream.getManifest(this, reference));
  }

  headBlob(digest: Digest): Promise<BlobHead> {
    return this.#ask((upstream) => upstream.headBlob(this, digest));
  }

  /** GET of a blob, redirects followed: another host than the registry may send its bytes. */
  async openBlob(digest: Digest, slice: BlobSlice): Promise<BlobOpening> {
    const asked = this.#ask((upstream) => upstream.openBlob(this, digest, slice));
    return this.#arriving(await asked);
  }

  /** GET of a blob where the registry redirected to before; the registry itself is not asked. */
  async openLocated(url: string, slice: BlobSlice): Promise<BlobOpening> {
    try {
      return this.#arriving(await this.#upstream.openLocated(this, url, slice));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** The upstream's own redirect for a blob. */
  locateBlob(digest: Digest): Promise<BlobLocating> {
    return this.#ask((upstream) => upstream.locateBlob(this, digest));
  }

  listTags(): Promise<TagListing> {
    return this.#ask((upstream) => upstream.listTags(this));
  }

  listReferrers(subject: Digest): Promise<ReferrersListing> {
    return this.#ask((upstream) => upstream.listReferrers(this, subject));
  }

  /** The failure that is too fresh for asking again, when there is something else to serve. */
  get resting(): UpstreamError | undefined {
    return this.#health.resting(this.name);
  }

  /** True when the upstream answered a moment ago, and nothing has failed since on the way there. */
  get isTrusted(): boolean {
    return this.#health.isTrusted(this.name);
  }

  /** Why blobs cannot be had from where the registry redirects to, if so. */
  get blobFailure(): UpstreamError | undefined {
    return this.#health.blobFailure(this.name);
  }

  /** Anything thrown on the way to an upstream counts as its failure: a pull never breaks on it. */
  asError(thrown: unknown): UpstreamError {
    if (thrown instanceof UpstreamError) return thrown;
    const message = `${this.repository.registry} could not be asked`;
    return new UpstreamError('unavailable', message, { cause: thrown });
  }

  /** The outcome where the upstream failed and nothing stands in. */
  unobtainable(thrown: unknown): Unobtained {
    return { kind: 'unobtainable', error: this.asError(thrown) };
  }

  async #ask<Result extends { readonly kind: string }>(
    question: (upstream: Upstream) => Promise<Result>,
  ): Promise<Result> {
    const { name } = this;
    const tokenService = this.#upstream.tokenServiceOf(name);
    try {
      const result = await question(this.#upstream);
      this.#health.success(name, tokenService, result.kind === 'denied');
      return result;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #arriving(opening: BlobOpening): BlobOpening {
    if (opening.kind === 'found') {
      this.#health.blobArrives(this.name, opening.blobHost);
    }
    return opening;
  }

  #failed(thrown: unknown): UpstreamError {
    const failure = this.asError(thrown);
    this.#health.failure(this.name, failure);
    return failure;
  }
}
