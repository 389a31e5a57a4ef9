import { BoundedCache } from '../concurrency/bounded-cache.ts';

/** How long a manifest counts as incomplete unless something arrives, in ms. */
const life = 3_000;

/**
 * Manifests that were found incomplete a moment ago. Whatever this instance stores may complete any
 * of them, so all are forgotten then. Another instance's fill shows after a few seconds.
 */
export class IncompleteManifests {
  readonly #found: BoundedCache<true>;
  #arrivals = 0;

  constructor(now: () => number) {
    this.#found = new BoundedCache(10_000, now);
  }

  /** How often something arrived: what is found out is as of this. */
  get arrivals(): number {
    return this.#arrivals;
  }

  has(key: string): boolean {
    return this.#found.get(key) === true;
  }

  /** Notes what a walk found that began at `arrivals`; without effect when something came since. */
  add(key: string, arrivals: number): void {
    if (arrivals === this.#arrivals) this.#found.set(key, true, life);
  }

  /** A blob or a manifest was stored. */
  arrived(): void {
    this.#arrivals += 1;
    this.#found.clear();
  }
}
