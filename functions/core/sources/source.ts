import type { Client } from '../clients/clients.ts';
import { wellKnownRegistries } from '../config/known-registries.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import { type Repository, repositoryKey } from '../oci/repository.ts';
import type {
  BlobOpening,
  BlobRedirect,
  BlobSlice,
  RemoteRepository,
  TagPageStart,
  Upstream,
} from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import type { AccessRules } from './access/access-rules.ts';
import type { Alternates } from './alternates/alternates.ts';
import { cancellable } from './alternates/cancellable-remote.ts';
import { RepositoryAlternates } from './alternates/repository-alternates.ts';
import type { HostWaits } from './host-waits.ts';
import type { ObservedUpstream } from './mirrored-upstream.ts';
import { NotedRequests } from './noted-requests.ts';
import type { RequestOrigin } from './request-origin.ts';
import type { SourceHealth } from './source-health.ts';
import type { Unobtained } from './unobtained.ts';
import type { UpstreamPolicy } from './upstream-policy.ts';

/**
 * A repository at its upstream, for one client's request or one fill. Each method notes the result in
 * the upstream's health, and rejects with an UpstreamError when there is no usable answer.
 */
export class Source implements RemoteRepository {
  readonly repository: Repository;
  /** The repository's name at its registry. */
  readonly name: string;
  readonly policy: UpstreamPolicy;
  /** Who may read what; undefined if every client may read all that the mirror can. */
  readonly access: AccessRules | undefined;
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
  /** The registry's own clock, if it has one that a rule counts by. */
  readonly pushTime: ObservedUpstream['pushTime'];
  readonly signal: AbortSignal | undefined;
  readonly #upstream: Upstream;
  readonly #health: SourceHealth;
  readonly #budget: ObservedUpstream['budget'];
  readonly #origin: RequestOrigin;
  readonly #waits: HostWaits | undefined;
  readonly #now: () => number;
  readonly #configured: Alternates | undefined;
  readonly #requests: NotedRequests;
  #alternates: RepositoryAlternates | undefined;
  #began: number | undefined;
  #key: string | undefined;

  constructor(
    repository: Repository,
    {
      upstream,
      policy,
      access,
      hasPath,
      health,
      budget,
      waits,
      alternates,
      pushTime,
    }: ObservedUpstream,
    now: () => number,
    origin: RequestOrigin = {},
    commits = false,
  ) {
    this.#waits = waits;
    this.pushTime = pushTime;
    this.#now = now;
    this.repository = repository;
    this.name = repository.name;
    this.policy = policy;
    this.access = access;
    this.isWellKnown = !hasPath && wellKnownRegistries.has(repository.registry);
    this.#upstream = upstream;
    this.#health = health;
    this.#budget = budget;
    this.#origin = origin;
    this.isBackground = origin.isBackground ?? false;
    this.signal = origin.signal;
    this.commits = commits;
    this.#configured = alternates;
    this.#requests = new NotedRequests(repository.name, upstream, health);
  }

  /** Who sent the request; undefined for a fill, and where the platform does not say. */
  get client(): Client | undefined {
    return this.#origin.client;
  }

  get networks(): readonly string[] | undefined {
    return this.#origin.client?.networks;
  }

  /** Other registries that may be asked for the same digests; undefined if there are none. */
  get alternates(): RepositoryAlternates | undefined {
    if (!this.#configured?.mayAsk(this.repository)) return undefined;
    this.#alternates ??= new RepositoryAlternates(this, this.#configured);
    return this.#alternates;
  }

  /** As `docker.io/library/alpine`. */
  get key(): string {
    this.#key ??= repositoryKey(this.repository);
    return this.#key;
  }

  /** HEAD of a manifest: not counted as a pull by Docker Hub. */
  headManifest(reference: Reference) {
    return this.#requests.send((upstream) => upstream.headManifest(this, reference));
  }

  /**
   * GET of a manifest: counted as a pull by Docker Hub. The alternates may send one with a digest that
   * the registry names: `isNamed` if it is known to, and else it confirms that by HEAD.
   */
  async getManifest(reference: Reference, isNamed = async () => false) {
    const ask = (remote: RemoteRepository) =>
      this.#requests.send((upstream) => upstream.getManifest(remote, reference), remote);
    if (this.alternates === undefined || reference.kind === 'tag') return ask(this);
    const state = { ...this.#state, isLimited: this.#budget.pullLimit !== undefined };
    const registry = async (signal: AbortSignal) => ask(cancellable(this, signal));
    return this.alternates.getManifest(reference.digest, state, registry, async () => {
      return (await isNamed()) || (await this.headManifest(reference)).kind === 'found';
    });
  }

  headBlob(digest: Digest) {
    return this.#requests.send((upstream) => upstream.headBlob(this, digest));
  }

  /**
   * GET of a blob. Follows redirects, so that another host may send the bytes. The alternates may send
   * a blob that is `named` by a manifest of the repository, which states its size in bytes.
   */
  async openBlob(
    digest: Digest,
    slice: BlobSlice,
    named?: { size: number | undefined },
  ): Promise<BlobOpening> {
    const ask = async (remote: RemoteRepository) => {
      const open = (upstream: Upstream) => upstream.openBlob(remote, digest, slice);
      return this.#requests.open(open, remote);
    };
    if (this.alternates === undefined || named === undefined) return ask(this);
    const registry = (signal: AbortSignal) => ask(cancellable(this, signal));
    return this.alternates.blobs.open(digest, slice, named.size, this.#state, registry);
  }

  /** GET of a blob at the URL of an earlier redirect, without a request to the registry. */
  async openLocated(url: string, digest: Digest, slice: BlobSlice): Promise<BlobOpening> {
    const elsewhere = this.alternates?.blobs.openLocated(url, digest, slice);
    if (elsewhere !== undefined) return elsewhere;
    return this.#requests.openLocated((upstream) => upstream.openLocated(this, url, slice));
  }

  /** The upstream's own redirect for a blob, or an alternate's for one that is named. */
  locateBlob(digest: Digest, isNamed = false): Promise<BlobRedirect> {
    const ask = (remote: RemoteRepository) =>
      this.#requests.send((upstream) => upstream.locateBlob(remote, digest), remote);
    if (this.alternates === undefined || !isNamed) return ask(this);
    const registry = (signal: AbortSignal) => ask(cancellable(this, signal));
    return this.alternates.blobs.locate(digest, this.#state, registry);
  }

  listTags(start: TagPageStart) {
    return this.#requests.send((upstream) => upstream.listTags(this, start));
  }

  listReferrers(subject: Digest) {
    return this.#requests.send((upstream) => upstream.listReferrers(this, subject));
  }

  /** The failure because of which clients that have a copy do not wait for the upstream. */
  get recentFailure(): UpstreamError | undefined {
    return this.#budget.stopped ?? this.#health.recentFailure(this.name) ?? this.#silence;
  }

  /** Why no new manifest can be had, although the upstream may answer everything else. */
  get pullLimit(): UpstreamError | undefined {
    const limit = this.#budget.pullLimit;
    return limit === undefined || this.alternates?.havePulls ? undefined : limit;
  }

  /** True if a manifest may be pulled that no client waits for: more than the reserve is left. */
  get mayPullAhead(): boolean {
    return this.#budget.mayPullAhead;
  }

  /** How long a tag is served before it is confirmed, in ms: longer where HEADs cost what little is left. */
  get tagLife(): number {
    return this.#budget.tagLife(this.policy);
  }

  /** What decides whether the alternates are asked first. */
  get #state() {
    const failure = this.#health.recentFailure(this.name) ?? this.#health.blobFailure(this.name);
    const isLimited = failure?.kind === 'limited' || this.#budget.stopped !== undefined;
    return { isLimited, isResting: failure !== undefined, isOverdue: this.#silence !== undefined };
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
    // They answer in time if the registry does not.
    if (this.alternates !== undefined) return this.alternates.follow(work);
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
    return this.#health.isTrusted(this.name) || this.alternates?.areTrusted === true;
  }

  /** The registry answered another instance about this repository, at this time in ms since 1970. */
  answeredElsewhere(time: number): void {
    this.#health.answeredElsewhere(time);
  }

  /** Why blobs cannot be fetched from the host that the registry redirects to, if so. */
  get blobFailure(): UpstreamError | undefined {
    // Every warm pull asks: most need to know nothing of the alternates.
    const failure = this.#health.blobFailure(this.name);
    return failure === undefined || this.alternates?.areTrusted ? undefined : failure;
  }

  /** Notes that a blob had wrong bytes, and returns the error. */
  wrongBytes(digest: Digest): UpstreamError {
    const message = `${this.key}: the upstream sent wrong bytes for ${digest}`;
    const error = new UpstreamError('invalid', message);
    if (this.alternates?.blobs.wrongBytes(digest)) return error;
    this.#health.wrongBytes(this.name, error);
    return error;
  }

  /** Any error counts as a failure of the upstream, so that no bug on the way breaks a pull. */
  toUpstreamError(error: unknown): UpstreamError {
    return this.#requests.toUpstreamError(error);
  }

  /** The outcome when the upstream failed and there is no copy to serve. */
  unobtainable(error: unknown): Unobtained {
    return { kind: 'unobtainable', error: this.toUpstreamError(error) };
  }
}
