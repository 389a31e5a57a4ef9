import type { UpstreamError } from '../../upstream/upstream-error.ts';

/** For this long a success shows that an upstream can be counted on, in ms. */
const trustFor = 30_000;

/** For this long after a failure nobody who has a copy waits for the upstream again, in ms. */
const restFor = 5_000;
const longestRest = 60_000;

/** What one instance lately saw of an upstream. */
export class UpstreamHealth {
  readonly #now: () => number;
  #succeeded = Number.NEGATIVE_INFINITY;
  #failed = Number.NEGATIVE_INFINITY;
  #rest = 0;
  #failure: UpstreamError | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  success(): void {
    this.#succeeded = this.#now();
    this.#failure = undefined;
  }

  failure(error: UpstreamError): void {
    const rest = error.retryAfter === undefined ? restFor : error.retryAfter * 1000;
    this.#failed = this.#now();
    this.#rest = Math.min(Math.max(rest, restFor), longestRest);
    this.#succeeded = Number.NEGATIVE_INFINITY;
    this.#failure = error;
  }

  /** The failure that is too fresh for asking again, when there is something else to serve. */
  get resting(): UpstreamError | undefined {
    return this.#isWithin(this.#rest, this.#failed) ? this.#failure : undefined;
  }

  /** True when the upstream answered a moment ago and has not failed since. */
  get isTrusted(): boolean {
    return this.#isWithin(trustFor, this.#succeeded);
  }

  /** False as well when `since` is to come: the clock was set back, nobody knows by how much. */
  #isWithin(milliseconds: number, since: number): boolean {
    const age = this.#now() - since;
    return age >= 0 && age < milliseconds;
  }
}
