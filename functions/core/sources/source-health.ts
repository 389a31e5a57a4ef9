import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { BackoffScope } from '../ports/event.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { TokenService, Upstream } from '../ports/upstream.ts';
import type { UpstreamError } from '../ports/upstream-error.ts';
import { type Backoff, backoffOf, HostHealth, isWithin, reachOf, trustFor } from './host-health.ts';

/** Of how many repositories, and of how many hosts, a failure is kept: clients choose the names. */
const maxRepositories = 2_000;
const maxHosts = 200;

/** A backoff of one repository, and whether it was told: while its host fails that is told once. */
interface Told extends Backoff {
  readonly told: boolean;
}

/** What is known of the way to a repository's blobs. */
interface BlobWay {
  readonly host: string;
  /** undefined when the last blob arrived. */
  readonly failure: Told | undefined;
}

/** Of whom a backoff is. */
interface Subject {
  readonly scope: BackoffScope;
  readonly host?: string | undefined;
  readonly repository?: string | undefined;
}

/**
 * What one instance lately saw of an upstream: of the registry, of single repositories, and of the
 * token services and blob hosts, which fail apart from it. Bounded, whatever clients ask for.
 */
export class SourceHealth {
  readonly #upstream: Pick<Upstream, 'registry' | 'tokenServiceOf'>;
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  readonly #registry: HostHealth;
  readonly #repositories: BoundedCache<Told>;
  readonly #tokenServices: BoundedCache<HostHealth>;
  readonly #blobHosts: BoundedCache<HostHealth>;
  readonly #blobWays: BoundedCache<BlobWay>;

  constructor(
    upstream: Pick<Upstream, 'registry' | 'tokenServiceOf'>,
    runtime: Pick<Runtime, 'now' | 'observe'>,
  ) {
    const now = () => runtime.now();
    this.#upstream = upstream;
    this.#runtime = runtime;
    this.#registry = new HostHealth(now);
    this.#repositories = new BoundedCache(maxRepositories, now);
    this.#tokenServices = new BoundedCache(maxHosts, now);
    this.#blobHosts = new BoundedCache(maxHosts, now);
    this.#blobWays = new BoundedCache(maxRepositories, now);
  }

  /**
   * A question about a repository was answered. `before` is the token service that it depended on;
   * by `isDenied` only that one may have answered, and not the registry.
   */
  success(name: string, before: TokenService | undefined, isDenied: boolean): void {
    if (!isDenied && this.#registry.success()) this.#answers({ scope: 'registry' });
    const failed = this.#repositories.get(name);
    if (failed !== undefined) this.#repositories.delete(name);
    if (failed?.told) this.#answers({ scope: 'repository', repository: name });
    if (before === undefined || before.hasToken) return;
    const { host } = before;
    const after = this.#upstream.tokenServiceOf(name);
    const gaveToken = after?.host === host && after.hasToken;
    if (gaveToken && this.#tokenServices.get(host)?.success()) {
      this.#answers({ scope: 'token-service', host });
    }
  }

  /** A blob of a repository comes from this host; undefined: from the registry itself. */
  blobArrives(name: string, host: string | undefined): void {
    const before = this.#blobWays.get(name);
    if (before?.failure?.told) {
      this.#answers({ scope: 'blob-host', host: before.host, repository: name });
    }
    if (host === undefined) {
      this.#blobWays.delete(name);
      return;
    }
    if (this.#blobHosts.get(host)?.success()) this.#answers({ scope: 'blob-host', host });
    this.#blobWays.set(name, { host, failure: undefined });
  }

  /** A question about a repository failed. */
  failure(name: string, error: UpstreamError): void {
    // An answer that contradicts itself is no reason not to ask again.
    if (error.kind === 'invalid') return;
    const { role = 'registry', host = this.#upstream.registry } = error.answerer ?? {};
    const reach = reachOf(error);
    if (role === 'blob-host') {
      // What is not there, or not by this URL, says nothing of other blobs.
      if (reach === 'one') return;
      const health = this.#healthOf(this.#blobHosts, host);
      this.#noteFailure(health, { scope: role, host }, name, error);
      const before = this.#blobWays.get(name)?.failure;
      const failure = this.#ownBackoff(health, { scope: role, host }, name, error, before);
      this.#blobWays.set(name, { host, failure }, lifeOf(failure));
      return;
    }
    const isOfTokens = role === 'token-service';
    const health = isOfTokens ? this.#healthOf(this.#tokenServices, host) : this.#registry;
    this.#noteFailure(
      health,
      isOfTokens ? { scope: role, host } : { scope: 'registry' },
      name,
      error,
    );
    if (!isOfTokens && reach === 'host') return;
    const before = this.#repositories.get(name);
    const backoff = this.#ownBackoff(health, { scope: 'repository', host }, name, error, before);
    this.#repositories.set(name, backoff, lifeOf(backoff));
  }

  /**
   * The failure that is too fresh for asking again about a repository, when there is something else
   * to serve: its own, its registry's, or that of the token service whose token it would need.
   */
  resting(name: string): UpstreamError | undefined {
    return this.#registry.resting ?? this.#ownResting(name) ?? this.#tokenServiceResting(name);
  }

  /** True when the registry answered a moment ago, and nothing has failed since on the way there. */
  isTrusted(name: string): boolean {
    if (!this.#registry.isTrusted || this.#repositories.get(name) !== undefined) return false;
    return this.#tokenServiceResting(name) === undefined;
  }

  /** Why a repository's blobs cannot be had from where its registry redirects to, if so. */
  blobFailure(name: string): UpstreamError | undefined {
    const { host, failure } = this.#blobWays.get(name) ?? {};
    return failure?.error ?? (host === undefined ? undefined : this.#blobHosts.get(host)?.resting);
  }

  #healthOf(hosts: BoundedCache<HostHealth>, host: string): HostHealth {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const health = new HostHealth(() => this.#runtime.now());
    hosts.set(host, health);
    return health;
  }

  #noteFailure(health: HostHealth, subject: Subject, name: string, error: UpstreamError): void {
    const began = health.failure(error, reachOf(error), name);
    if (began !== undefined) this.#backsOff(subject, began);
  }

  /** The backoff of one repository, which is told of unless its host fails as a whole. */
  #ownBackoff(
    health: HostHealth,
    subject: Subject,
    repository: string,
    error: UpstreamError,
    before: Told | undefined,
  ): Told {
    const backoff = backoffOf(error, this.#runtime.now());
    const isNews = before === undefined && health.resting === undefined;
    if (isNews) this.#backsOff({ ...subject, repository }, backoff);
    return { ...backoff, told: before?.told ?? isNews };
  }

  #ownResting(name: string): UpstreamError | undefined {
    const backoff = this.#repositories.get(name);
    if (backoff === undefined) return undefined;
    const { milliseconds, since, error } = backoff;
    return isWithin(milliseconds, since, this.#runtime.now()) ? error : undefined;
  }

  #tokenServiceResting(name: string): UpstreamError | undefined {
    // As nearly always: none has failed, so it does not matter which one the name depends on.
    if (this.#tokenServices.isEmpty) return undefined;
    const service = this.#upstream.tokenServiceOf(name);
    if (service === undefined || service.hasToken) return undefined;
    return this.#tokenServices.get(service.host)?.resting;
  }

  #backsOff({ scope, host, repository }: Subject, { milliseconds, error }: Backoff): void {
    const { registry } = this.#upstream;
    const reason = error.message;
    const subject = { registry, scope, host, repository };
    this.#runtime.observe({ kind: 'backed-off', ...subject, milliseconds, reason });
  }

  #answers({ scope, host, repository }: Subject): void {
    const { registry } = this.#upstream;
    this.#runtime.observe({ kind: 'answers-again', registry, scope, host, repository });
  }
}

/** How long a repository's failure is kept, in ms: the repository is not trusted meanwhile. */
function lifeOf({ milliseconds }: Backoff): number {
  return Math.max(trustFor, milliseconds);
}
