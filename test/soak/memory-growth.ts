const windowSeconds = 120;

/** How much the resident memory may grow after the baseline. */
export const mostGrowth = 1.2;

/**
 * Resident memory sampled each second, smoothed by the median of the last 120 samples: a garbage
 * collection that is late by some seconds does not count, a level that is held does.
 */
export class MemoryGrowth {
  readonly #samples: number[] = [];
  readonly #baselineAt: number;
  #baseline: number | undefined;
  #highest = 0;

  /** `baselineAt` is the second of the baseline: minute five, or half of a shorter run. */
  constructor(baselineAt: number) {
    this.#baselineAt = baselineAt;
  }

  /** Takes the sample of one more second, in bytes. */
  add(bytes: number): void {
    this.#samples.push(bytes);
    const smoothed = this.smoothed;
    if (this.#samples.length < this.#baselineAt) return;
    this.#baseline ??= smoothed;
    this.#highest = Math.max(this.#highest, smoothed);
  }

  /** The median of the last two minutes in bytes. */
  get smoothed(): number {
    const sorted = this.#samples.slice(-windowSeconds).sort((one, other) => one - other);
    return sorted[sorted.length >> 1] ?? Number.NaN;
  }

  /** The smoothed value at the baseline in bytes; undefined before. */
  get baseline(): number | undefined {
    return this.#baseline;
  }

  /** The highest smoothed value since then by that value; undefined before. */
  get growth(): number | undefined {
    return this.#baseline === undefined ? undefined : this.#highest / this.#baseline;
  }
}
