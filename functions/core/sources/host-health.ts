import type { UpstreamError } from '../ports/upstream-error.ts';

/** For this long a success shows that a host can be counted on, in ms. */
export const trustFor = 30_000;

/** For this long after a failure nobody who has a copy waits for the same again, in ms. */
const restFor = 5_000;
const longestRest = 60_000;

/** A host is failing when it fails so many repositories within so many ms, and answers nobody. */
const manyRepositories = 3;
const manyWithin = 30_000;

/** A failure, and how long it is a reason not to ask again. */
export interface Backoff {
  readonly error: UpstreamError;
  /** In ms since 1970. */
  readonly since: number;
  readonly milliseconds: number;
}

/** Backs off because of an error: as long as it says, within bounds. */
export function backoffOf(error: UpstreamError, now: number): Backoff {
  const told = error.retryAfter === undefined ? restFor : error.retryAfter * 1000;
  const milliseconds = Math.min(Math.max(told, restFor), longestRest);
  return { error, since: now, milliseconds };
}

/** False as well when `since` is to come: the clock was set back, nobody knows by how much. */
export function isWithin(milliseconds: number, since: number, now: number): boolean {
  const age = now - since;
  return age >= 0 && age < milliseconds;
}

/**
 * Whom a failure concerns:
 * - `host`: all who ask this host: no answer at all, or a limit;
 * - `many`: one repository, unless others fare the same: a 5xx, or an answer that broke off;
 * - `one`: one repository, whatever others get: every other status.
 */
export type Reach = 'host' | 'many' | 'one';

/** Whom a failure concerns, as seen by the host that failed. */
export function reachOf({ kind, status, answerer }: UpstreamError): Reach {
  const isBroken = kind === 'unreachable' || kind === 'timeout';
  const isOfHost = kind === 'limited' || (isBroken && status === undefined);
  // A registry may redirect the manifests of each repository to another host.
  if (isOfHost) return answerer?.role === 'other-host' ? 'many' : 'host';
  if (isBroken) return 'many';
  return kind === 'unavailable' && (status === undefined || status >= 500) ? 'many' : 'one';
}

/** What one instance lately saw of one host: a registry, a token service or a blob host. */
export class HostHealth {
  readonly #now: () => number;
  #succeeded = Number.NEGATIVE_INFINITY;
  #backoff: Backoff | undefined;
  /** When it last failed the repositories of these names, and nobody was answered since. */
  readonly #failed = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when it had failed before. */
  success(): boolean {
    const failed = this.#backoff !== undefined;
    this.#succeeded = this.#now();
    this.#backoff = undefined;
    this.#failed.clear();
    return failed;
  }

  /** Notes a failure; gives the backoff from this host that begins with it, if one does. */
  failure(error: UpstreamError, reach: Reach, repository: string): Backoff | undefined {
    // While the host is left alone only its silence prolongs that: it may answer all others.
    const isReason =
      reach === 'host' ||
      (reach === 'many' && this.#isOneOfMany(repository) && this.resting === undefined);
    if (!isReason) return undefined;
    const before = this.#backoff;
    this.#backoff = backoffOf(error, this.#now());
    this.#succeeded = Number.NEGATIVE_INFINITY;
    return before === undefined ? this.#backoff : undefined;
  }

  /** The failure that is too fresh for asking again, when there is something else to serve. */
  get resting(): UpstreamError | undefined {
    const backoff = this.#backoff;
    if (backoff === undefined) return undefined;
    return isWithin(backoff.milliseconds, backoff.since, this.#now()) ? backoff.error : undefined;
  }

  /** True when it answered a moment ago and has not failed since. */
  get isTrusted(): boolean {
    return isWithin(trustFor, this.#succeeded, this.#now());
  }

  #isOneOfMany(repository: string): boolean {
    const now = this.#now();
    this.#failed.delete(repository);
    this.#failed.set(repository, now);
    for (const [name, since] of this.#failed) {
      const isOver = !isWithin(manyWithin, since, now);
      if (isOver || this.#failed.size > manyRepositories) this.#failed.delete(name);
    }
    return this.#failed.size >= manyRepositories;
  }
}
