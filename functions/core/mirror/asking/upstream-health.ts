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
  #restUntil = Number.NEGATIVE_INFINITY;
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
    this.#restUntil = this.#now() + Math.min(Math.max(rest, restFor), longestRest);
    this.#succeeded = Number.NEGATIVE_INFINITY;
    this.#failure = error;
  }

  /** The failure that is too fresh for asking again, when there is something else to serve. */
  get resting(): UpstreamError | undefined {
    return this.#now() < this.#restUntil ? this.#failure : undefined;
  }

  /** True when the upstream answered a moment ago and has not failed since. */
  get isTrusted(): boolean {
    return this.#now() - this.#succeeded < trustFor;
  }
}
