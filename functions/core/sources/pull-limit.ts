import type { RateLimit } from '../headers/rate-limit.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

/** How long a refused pull counts if the registry does not say what is left, in ms. */
const refusalLife = 60_000;

/**
 * How long a report that nothing is left counts, in ms, unless its window is shorter. Each HEAD brings a
 * new report.
 */
const longestReport = 600_000;

interface Spent {
  readonly error: UpstreamError;
  /** In ms since 1970. */
  readonly since: number;
  readonly life: number;
}

/**
 * Whether a registry has pulls left for this mirror, as far as this instance knows. Docker Hub answers
 * HEADs also when its limit is reached: a HEAD that succeeds does not mean that a manifest can be had.
 */
export class PullLimit {
  readonly #now: () => number;
  #refusal: Spent | undefined;
  #report: Spent | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A GET of a manifest was answered, or refused because of a limit. */
  pulled(refusal?: UpstreamError): void {
    this.#refusal = refusal && { error: refusal, since: this.#now(), life: refusalLife };
  }

  /** An answer of the registry says what is left. */
  reported(registry: string, { remaining, windowSeconds = Number.POSITIVE_INFINITY }: RateLimit) {
    this.#report = undefined;
    if (remaining > 0) {
      this.#refusal = undefined;
      return;
    }
    const error = new UpstreamError('limited', `${registry}: no pull is left of its limit`);
    const life = Math.min(windowSeconds * 1000, longestReport);
    this.#report = { error, since: this.#now(), life };
  }

  /** Why a manifest cannot be had now; undefined if nothing is known against it. */
  get current(): UpstreamError | undefined {
    return this.#errorOf(this.#report) ?? this.#errorOf(this.#refusal);
  }

  /** undefined also if the clock was set back. */
  #errorOf(spent: Spent | undefined): UpstreamError | undefined {
    if (spent === undefined) return undefined;
    const age = this.#now() - spent.since;
    return age >= 0 && age < spent.life ? spent.error : undefined;
  }
}
