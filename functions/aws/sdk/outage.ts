/** After this many consecutive calls without a response the service is considered down. */
const enoughFailures = 3;

/** How long it is then not called, in ms. */
const rest = 2000;

/**
 * A circuit breaker: a pull that needs a service five times must not wait for five timeouts. After
 * each rest one call probes the service.
 */
export class Outage {
  readonly #now: () => number;
  #failures = 0;
  #restsUntil = 0;

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether calls should fail at once. */
  get isResting(): boolean {
    if (this.#failures < enoughFailures) return false;
    const now = this.#now();
    if (now < this.#restsUntil) return true;
    // This call is the probe; others keep resting until it returns.
    this.#restsUntil = now + rest;
    return false;
  }

  /** The service responded, even with an error. */
  answered(): void {
    this.#failures = 0;
  }

  /** A call got no response. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= enoughFailures) this.#restsUntil = this.#now() + rest;
  }
}
