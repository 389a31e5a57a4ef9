import type { UpstreamError } from '../ports/upstream-error.ts';

/** How long a host is trusted after a success, in ms. */
export const trustLife = 30_000;

/** In ms. */
const shortestBackoff = 5_000;
const longestBackoff = 60_000;

/** A host fails as a whole after it failed this many repositories in this time (ms) without a success. */
const manyRepositories = 3;
const manyPeriod = 30_000;

/** A failure, and how long clients that have a copy do not wait for the upstream because of it. */
export interface Backoff {
  readonly error: UpstreamError;
  /** In ms since 1970. */
  readonly since: number;
  readonly milliseconds: number;
}

/** The backoff after an error: its Retry-After, within limits. */
export function backoffOf(error: UpstreamError, now: number): Backoff {
  const seconds = error.retryAfter ?? 0;
  const milliseconds = Math.min(Math.max(seconds * 1000, shortestBackoff), longestBackoff);
  return { error, since: now, milliseconds };
}

/** The error of a backoff that has not ended; undefined after it, and if the clock was set back. */
export function activeError(backoff: Backoff | undefined, now: number): UpstreamError | undefined {
  if (backoff === undefined) return undefined;
  return isRecent(backoff.since, backoff.milliseconds, now) ? backoff.error : undefined;
}

/** False if `since` is in the future: the clock was set back by an unknown time. */
function isRecent(since: number, milliseconds: number, now: number): boolean {
  const age = now - since;
  return age >= 0 && age < milliseconds;
}

/**
 * What a failure affects:
 * - `host`: everything at this host: it did not answer at all, or it limits requests;
 * - `many`: one repository, unless others fail as well: a 5xx, a broken answer, or none although the
 *   host answers others;
 * - `one`: one repository, whatever happens to others: every other status.
 */
type Reach = 'host' | 'many' | 'one';

/** What a failure affects at the host that failed. */
export function reachOf({ kind, status, answerer }: UpstreamError): Reach {
  const isBroken = kind === 'unreachable' || kind === 'timeout';
  const isOfHost = kind === 'limited' || (isBroken && status === undefined);
  // A registry may redirect the manifests of each repository to another host.
  if (isOfHost) return answerer?.role === 'other-host' || answerer?.isAlive ? 'many' : 'host';
  if (isBroken) return 'many';
  return kind === 'unavailable' && (status === undefined || status >= 500) ? 'many' : 'one';
}

/** What one instance recently saw of one host: a registry, a token service or a blob host. */
export class HostHealth {
  readonly #now: () => number;
  #succeeded = Number.NEGATIVE_INFINITY;
  #backoff: Backoff | undefined;
  /** When it last failed each of these repositories, since its last success. */
  readonly #failures = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** True if the host had failed before. */
  success(): boolean {
    const hadFailed = this.#backoff !== undefined;
    this.#succeeded = this.#now();
    this.#backoff = undefined;
    this.#failures.clear();
    return hadFailed;
  }

  /** It answered another instance (ms since 1970), which counts unless this one saw it fail. */
  answeredElsewhere(time: number): void {
    if (this.#backoff === undefined) this.#succeeded = Math.max(this.#succeeded, time);
  }

  /** Notes a failure; returns the backoff from the whole host if one begins with it. */
  failure(error: UpstreamError, repository: string): Backoff | undefined {
    const reach = reachOf(error);
    // More 5xx do not prolong a backoff: the host may answer for all other repositories.
    const affectsHost =
      reach === 'host' ||
      (reach === 'many' && this.#isOneOfMany(repository) && this.recentFailure === undefined);
    if (!affectsHost) return undefined;
    const before = this.#backoff;
    this.#backoff = backoffOf(error, this.#now());
    this.#succeeded = Number.NEGATIVE_INFINITY;
    return before === undefined ? this.#backoff : undefined;
  }

  /** The failure because of which clients that have a copy do not wait for this host. */
  get recentFailure(): UpstreamError | undefined {
    return activeError(this.#backoff, this.#now());
  }

  /** True if it recently answered and has not failed since. */
  get isTrusted(): boolean {
    return isRecent(this.#succeeded, trustLife, this.#now());
  }

  #isOneOfMany(repository: string): boolean {
    const now = this.#now();
    this.#failures.delete(repository);
    this.#failures.set(repository, now);
    for (const [name, since] of this.#failures) {
      const isOld = !isRecent(since, manyPeriod, now);
      if (isOld || this.#failures.size > manyRepositories) this.#failures.delete(name);
    }
    return this.#failures.size >= manyRepositories;
  }
}
