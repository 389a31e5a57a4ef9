/** After this many calls in a row without an answer the service is taken to be down. */
const enoughFailures = 3;

/** How long it is then left alone, in ms. */
const rest = 2000;

/**
 * Remembers that a service does not answer, so that a pull which would ask it five times does not
 * wait for five timeouts. After each rest one call tries the service again.
 */
export class Outage {
  readonly #now: () => number;
  #failures = 0;
  #restsUntil = 0;

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when a call need not be tried now. */
  get isResting(): boolean {
    if (this.#failures < enoughFailures) return false;
    const now = this.#now();
    if (now < this.#restsUntil) return true;
    // The call that asks now is the probe; the others rest until it is back.
    this.#restsUntil = now + rest;
    return false;
  }

  /** The service gave an answer, whatever it says. */
  answered(): void {
    this.#failures = 0;
  }

  /** A call had no answer. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= enoughFailures) this.#restsUntil = this.#now() + rest;
  }
}
