import type { Client } from '../clients/clients.ts';
import { wellKnownRegistries } from '../config/known-registries.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import { type Repository, repositoryKey } from '../oci/repository.ts';
import type {
  BlobOpening,
  BlobSlice,
  RemoteRepository,
  TagPageStart,
  Upstream,
} from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import type { HostWaits } from './host-waits.ts';
import type { ObservedUpstream } from './mirrored-upstream.ts';
import type { PullLimit } from './pull-limit.ts';
import type { RetryAfterLimits } from './retry-after-limits.ts';
import type { SourceHealth } from './source-health.ts';
import type { UpstreamPolicy } from './upstream-policy.ts';

/** Why content cannot be had. */
export type Unobtained =
  /** The upstream says that it does not exist. */
  | { readonly kind: 'absent' }
  /** The upstream does not let this mirror read it. */
  | { readonly kind: 'denied' }
  /** The upstream failed, and the mirror has no copy to serve instead. */
  | {
      readonly kind: 'unobtainable';
      readonly error: UpstreamError;
      /** True if the client has an index from this mirror that names the content. */
      readonly hasIndex?: boolean;
    };

/** Where a request came from. */
export interface RequestOrigin {
  /** Who sent it; undefined if unknown. */
  readonly client?: Client | undefined;
  /** True for a fill, which no client waits for yet. */
  readonly isBackground?: boolean;
}

/**
 * A repository at its upstream, for one client's request or one fill. Each method notes the result in
 * the upstream's health, and rejects with an UpstreamError when there is no usable answer.
 */
export class Source implements RemoteRepository {
  readonly repository: Repository;
  /** The repository's name at its registry. */
  readonly name: string;
  readonly policy: UpstreamPolicy;
  /** True for a registry that is known to answer HEAD and digests truthfully, as Docker Hub. */
  readonly isWellKnown: boolean;
  /**
   * True for a client that chooses its endpoint by the first manifest and does not fall back afterwards
   * (containers/image: podman, CRI-O, skopeo, buildah).
   */
  readonly commits: boolean;
  /** The number of requests sent to upstreams so far. */
  upstreamCalls = 0;
  readonly isBackground: boolean;
  readonly #upstream: Upstream;
  readonly #health: SourceHealth;
  readonly #limits: RetryAfterLimits;
  readonly #pulls: PullLimit;
  readonly #origin: RequestOrigin;
  readonly #waits: HostWaits | undefined;
  readonly #now: () => number;
  #began: number | undefined;

  constructor(
    repository: Repository,
    { upstream, policy, hasPath, health, limits, pulls, waits }: ObservedUpstream,
    now: () => number,
    origin: RequestOrigin = {},
    commits = false,
  ) {
    this.#waits = waits;
    this.#now = now;
    this.repository = repository;
    this.name = repository.name;
    this.policy = policy;
    this.isWellKnown = !hasPath && wellKnownRegistries.has(repository.registry);
    this.#upstream = upstream;
    this.#health = health;
    this.#limits = limits;
    this.#pulls = pulls;
    this.#origin = origin;
    this.isBackground = origin.isBackground ?? false;
    this.commits = commits;
  }

  /** Who sent the request; undefined for a fill, and where the platform does not say. */
  get client(): Client | undefined {
    return this.#origin.client;
  }

  /** As `docker.io/library/alpine`. */
  get key(): string {
    return repositoryKey(this.repository);
  }

  /** HEAD of a manifest: not counted as a pull by Docker Hub. */
  async headManifest(reference: Reference) {
    const limit = await this.#limits.refuses(this.repository.registry, 'HEAD');
    if (limit !== undefined) throw limit;
    return this.#request((upstream) => upstream.headManifest(this, reference));
  }

  /** GET of a manifest: counted as a pull by Docker Hub. */
  async getManifest(reference: Reference) {
    const limit = await this.#limits.refuses(this.repository.registry, 'GET');
    if (limit !== undefined) throw limit;
    return this.#request((upstream) => upstream.getManifest(this, reference), 'pull');
  }

  headBlob(digest: Digest) {
    return this.#request((upstream) => upstream.headBlob(this, digest));
  }

  /** GET of a blob. Follows redirects, so that another host may send the bytes. */
  async openBlob(digest: Digest, slice: BlobSlice): Promise<BlobOpening> {
    const opening = this.#request((upstream) => upstream.openBlob(this, digest, slice));
    return this.#noteArrival(await opening);
  }

  /** GET of a blob at the URL of an earlier redirect, without a request to the registry. */
  async openLocated(url: string, slice: BlobSlice): Promise<BlobOpening> {
    try {
      return this.#noteArrival(await this.#upstream.openLocated(this, url, slice));
    } catch (error) {
      throw this.#noteFailure(error);
    }
  }

  /** The upstream's own redirect for a blob. */
  locateBlob(digest: Digest) {
    return this.#request((upstream) => upstream.locateBlob(this, digest));
  }

  listTags(start: TagPageStart) {
    return this.#request((upstream) => upstream.listTags(this, start));
  }

  listReferrers(subject: Digest) {
    return this.#request((upstream) => upstream.listReferrers(this, subject));
  }

  /** The failure because of which clients that have a copy do not wait for the upstream. */
  get recentFailure(): UpstreamError | undefined {
    const limit = this.#limits.current(this.repository.registry);
    return limit ?? this.#health.recentFailure(this.name) ?? this.#silence;
  }

  /** Why no new manifest can be had, although the upstream may answer everything else. */
  get pullLimit(): UpstreamError | undefined {
    return this.#pulls.current;
  }

  /** When this client's request first waited for an upstream, in ms since 1970. */
  get began(): number {
    this.#began ??= this.#now();
    return this.#began;
  }

  /**
   * Waits for work that needs the upstream, and that another request may have begun. Rejects with an
   * UpstreamError if the work does, or when this client has waited long enough.
   */
  async follow<Result>(work: Promise<Result>): Promise<Result> {
    if (this.#waits === undefined || this.isBackground) return work;
    const end = await this.#waits.follow(this, work);
    if (end !== 'late') return end.value;
    throw this.#noAnswer();
  }

  get #silence(): UpstreamError | undefined {
    if (this.#waits === undefined) return undefined;
    const tokenService = this.#upstream.tokenServiceOf(this.name);
    const needed = tokenService?.hasToken === false ? tokenService.host : undefined;
    return this.#waits.isOverdue(needed) ? this.#noAnswer() : undefined;
  }

  #noAnswer(): UpstreamError {
    return new UpstreamError('timeout', `${this.repository.registry}: no answer in time`);
  }

  /** True if the upstream recently answered, and nothing that the repository needs failed since. */
  get isTrusted(): boolean {
    return this.#health.isTrusted(this.name);
  }

  /** The registry answered another instance about this repository, at this time in ms since 1970. */
  answeredElsewhere(time: number): void {
    this.#health.answeredElsewhere(time);
  }

  /** Why blobs cannot be fetched from the host that the registry redirects to, if so. */
  get blobFailure(): UpstreamError | undefined {
    return this.#health.blobFailure(this.name);
  }

  /** Notes that a blob had wrong bytes, and returns the error. */
  wrongBytes(digest: Digest): UpstreamError {
    const message = `${this.key}: the upstream sent wrong bytes for ${digest}`;
    const error = new UpstreamError('invalid', message);
    this.#health.wrongBytes(this.name, error);
    return error;
  }

  /** Any error counts as a failure of the upstream, so that no bug on the way breaks a pull. */
  toUpstreamError(error: unknown): UpstreamError {
    if (error instanceof UpstreamError) return error;
    const message = `the request to ${this.repository.registry} failed`;
    return new UpstreamError('unavailable', message, { cause: error });
  }

  /** The outcome when the upstream failed and there is no copy to serve. */
  unobtainable(error: unknown): Unobtained {
    return { kind: 'unobtainable', error: this.toUpstreamError(error) };
  }

  async #request<Result extends { readonly kind: string }>(
    send: (upstream: Upstream) => Promise<Result>,
    cause: 'pull' | 'request' = 'request',
  ): Promise<Result> {
    const { name } = this;
    const tokenService = this.#upstream.tokenServiceOf(name);
    try {
      const result = await send(this.#upstream);
      this.#health.success(name, tokenService, result.kind === 'denied');
      if (cause === 'pull') this.#pulls.pulled();
      else this.#limits.answered(this.repository.registry);
      return result;
    } catch (error) {
      throw this.#noteFailure(error, cause);
    }
  }

  #noteArrival(opening: BlobOpening): BlobOpening {
    if (opening.kind === 'found') this.#health.blobArrives(this.name, opening.blobHost);
    return opening;
  }

  #noteFailure(error: unknown, cause: 'pull' | 'request' = 'request'): UpstreamError {
    const failure = this.toUpstreamError(error);
    const { kind, retryAfter, answerer } = failure;
    const isOfRegistry = answerer === undefined || answerer.role === 'registry';
    if (kind === 'limited' && isOfRegistry) {
      if (cause === 'pull') this.#pulls.pulled(failure);
      if (retryAfter !== undefined) this.#limits.begin(this.repository.registry, retryAfter, cause);
    }
    this.#health.failure(this.name, failure);
    return failure;
  }
}
