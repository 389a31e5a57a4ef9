import { BoundedCache } from '../concurrency/bounded-cache.ts';
import type { BackoffScope } from '../ports/event.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { TokenService, Upstream } from '../ports/upstream.ts';
import type { UpstreamError } from '../ports/upstream-error.ts';
import {
  activeError,
  type Backoff,
  backoffOf,
  HostHealth,
  reachOf,
  trustLife,
} from './host-health.ts';

/** How many repositories and hosts are remembered: clients choose the names. */
const maxRepositories = 2_000;
const maxHosts = 200;

/** How long wrong bytes of a repository are remembered, in ms. */
const wrongBytesLife = 600_000;

/** A backoff from one repository. It is not reported if its host had already failed as a whole. */
interface RepositoryBackoff extends Backoff {
  readonly isReported: boolean;
}

/** What is known of the host that a repository's blobs come from. */
interface BlobPath {
  readonly host: string;
  /** undefined when the last blob arrived. */
  readonly failure: RepositoryBackoff | undefined;
}

/** What a backoff is from. */
interface Subject {
  readonly scope: BackoffScope;
  readonly host?: string | undefined;
  readonly repository?: string | undefined;
}

/**
 * What one instance recently saw of an upstream: of the registry, of single repositories, and of token
 * services and blob hosts, which fail independently. Its memory is bounded.
 */
export class SourceHealth {
  readonly #upstream: Pick<Upstream, 'registry' | 'tokenServiceOf'>;
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  readonly #registry: HostHealth;
  readonly #repositories: BoundedCache<RepositoryBackoff>;
  readonly #tokenServices: BoundedCache<HostHealth>;
  readonly #blobHosts: BoundedCache<HostHealth>;
  readonly #blobPaths: BoundedCache<BlobPath>;
  readonly #wrongBytes: BoundedCache<true>;

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
    this.#blobPaths = new BoundedCache(maxRepositories, now);
    this.#wrongBytes = new BoundedCache(maxRepositories, now);
  }

  /**
   * A request about a repository was answered. `before` is the token service it depended on. If
   * `isDenied`, only that service may have answered, and not the registry.
   */
  success(name: string, before: TokenService | undefined, isDenied: boolean): void {
    if (!isDenied && this.#registry.success()) this.#reportRecovery({ scope: 'registry' });
    const failed = this.#repositories.get(name);
    if (failed !== undefined) this.#repositories.delete(name);
    if (failed?.isReported) this.#reportRecovery({ scope: 'repository', repository: name });
    if (before === undefined || before.hasToken) return;
    const { host } = before;
    const after = this.#upstream.tokenServiceOf(name);
    const gaveToken = after?.host === host && after.hasToken;
    if (gaveToken && this.#tokenServices.get(host)?.success()) {
      this.#reportRecovery({ scope: 'token-service', host });
    }
  }

  /** The registry answered another instance, at this time in ms since 1970. */
  answeredElsewhere(time: number): void {
    this.#registry.answeredElsewhere(time);
  }

  /** A blob of a repository arrives from this host; undefined: from the registry itself. */
  blobArrives(name: string, host: string | undefined): void {
    const before = this.#blobPaths.get(name);
    if (before?.failure?.isReported) {
      this.#reportRecovery({ scope: 'blob-host', host: before.host, repository: name });
    }
    if (host === undefined) {
      this.#blobPaths.delete(name);
      return;
    }
    if (this.#blobHosts.get(host)?.success()) this.#reportRecovery({ scope: 'blob-host', host });
    this.#blobPaths.set(name, { host, failure: undefined });
  }

  /** All bytes of a blob of a repository arrived, and they were wrong. Once may be an accident. */
  wrongBytes(name: string, error: UpstreamError): void {
    const isFirst = this.#wrongBytes.get(name) === undefined;
    this.#wrongBytes.set(name, true, wrongBytesLife);
    if (isFirst) return;
    const host = this.#blobPaths.get(name)?.host ?? this.#upstream.registry;
    const failure = { ...backoffOf(error, this.#runtime.now()), isReported: false };
    this.#blobPaths.set(name, { host, failure }, lifeOf(failure));
  }

  /** A request about a repository failed. */
  failure(name: string, error: UpstreamError): void {
    // An answer that contradicts itself is no reason to stop sending requests.
    if (error.kind === 'invalid') return;
    const { role = 'registry', host = this.#upstream.registry } = error.answerer ?? {};
    const reach = reachOf(error);
    if (role === 'blob-host') {
      // A missing blob, or an expired URL, says nothing about other blobs.
      if (reach === 'one') return;
      const health = this.#healthOf(this.#blobHosts, host);
      this.#noteFailure(health, { scope: role, host }, name, error);
      const before = this.#blobPaths.get(name)?.failure;
      const failure = this.#repositoryBackoff(health, { scope: role, host }, name, error, before);
      this.#blobPaths.set(name, { host, failure }, lifeOf(failure));
      return;
    }
    const isOfTokens = role === 'token-service';
    const health = isOfTokens ? this.#healthOf(this.#tokenServices, host) : this.#registry;
    const subject: Subject = isOfTokens ? { scope: role, host } : { scope: 'registry' };
    this.#noteFailure(health, subject, name, error);
    if (!isOfTokens && reach === 'host') return;
    const before = this.#repositories.get(name);
    const own = { scope: 'repository', host } as const;
    const backoff = this.#repositoryBackoff(health, own, name, error, before);
    this.#repositories.set(name, backoff, lifeOf(backoff));
  }

  /**
   * The failure because of which clients that have a copy do not wait for the upstream: the registry's,
   * the repository's own, or that of the token service whose token it would need.
   */
  recentFailure(name: string): UpstreamError | undefined {
    return (
      this.#registry.recentFailure ??
      activeError(this.#repositories.get(name), this.#runtime.now()) ??
      this.#tokenServiceFailure(name)
    );
  }

  /** True if the registry recently answered, and nothing that the repository needs failed since. */
  isTrusted(name: string): boolean {
    if (!this.#registry.isTrusted || this.#repositories.get(name) !== undefined) return false;
    return this.#tokenServiceFailure(name) === undefined;
  }

  /** Why a repository's blobs cannot be fetched from the host that its registry redirects to, if so. */
  blobFailure(name: string): UpstreamError | undefined {
    const { host, failure } = this.#blobPaths.get(name) ?? {};
    if (failure !== undefined) return failure.error;
    return host === undefined ? undefined : this.#blobHosts.get(host)?.recentFailure;
  }

  #healthOf(hosts: BoundedCache<HostHealth>, host: string): HostHealth {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const health = new HostHealth(() => this.#runtime.now());
    hosts.set(host, health);
    return health;
  }

  #noteFailure(health: HostHealth, subject: Subject, name: string, error: UpstreamError): void {
    const backoff = health.failure(error, name);
    if (backoff !== undefined) this.#reportBackoff(subject, backoff);
  }

  #repositoryBackoff(
    health: HostHealth,
    subject: Subject,
    repository: string,
    error: UpstreamError,
    before: RepositoryBackoff | undefined,
  ): RepositoryBackoff {
    const backoff = backoffOf(error, this.#runtime.now());
    const isNews = before === undefined && health.recentFailure === undefined;
    if (isNews) this.#reportBackoff({ ...subject, repository }, backoff);
    return { ...backoff, isReported: before?.isReported ?? isNews };
  }

  #tokenServiceFailure(name: string): UpstreamError | undefined {
    // A short cut for the usual case in which no token service failed.
    if (this.#tokenServices.isEmpty) return undefined;
    const service = this.#upstream.tokenServiceOf(name);
    if (service === undefined || service.hasToken) return undefined;
    return this.#tokenServices.get(service.host)?.recentFailure;
  }

  #reportBackoff({ scope, host, repository }: Subject, { milliseconds, error }: Backoff): void {
    const { registry } = this.#upstream;
    const reason = error.message;
    const subject = { registry, scope, host, repository };
    this.#runtime.observe({ kind: 'backed-off', ...subject, milliseconds, reason });
  }

  #reportRecovery({ scope, host, repository }: Subject): void {
    const { registry } = this.#upstream;
    this.#runtime.observe({ kind: 'answers-again', registry, scope, host, repository });
  }
}

/** How long a repository's failure is remembered, in ms: until then it is not trusted. */
function lifeOf({ milliseconds }: Backoff): number {
  return Math.max(trustLife, milliseconds);
}
