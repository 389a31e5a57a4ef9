/** One failed read means that a service is down; writes must fail this many times in a row. */
const enoughWrites = 3;

/** How long a service that is down is not called, in ms. */
const rest = 2000;

/** The services of a process: if one is down, others may be as well. */
export class Outages {
  readonly #all: Outage[] = [];
  readonly #now: () => number;

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(): Outage {
    const outage = new Outage(this.#now);
    this.#all.push(outage);
    return outage;
  }

  get isAnyDown(): boolean {
    return this.#all.some((outage) => outage.isDown);
  }
}

/**
 * A circuit breaker: a pull that needs a service five times must not wait for five timeouts. The first
 * read without a response opens it, or the third write in a row, unless the service responded to others
 * meanwhile. After each rest one call probes the service.
 */
export class Outage {
  readonly #now: () => number;
  #answers = 0;
  #failedWrites = 0;
  #isDown = false;
  /** When it was last found down or probed, in ms. */
  #since = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Whether calls should fail at once. */
  get isResting(): boolean {
    if (!this.#isDown) return false;
    // A negative age is a clock that was set back.
    const age = this.#now() - this.#since;
    if (age >= 0 && age < rest) return true;
    // This call is the probe; others keep resting until it returns.
    this.#since = this.#now();
    return false;
  }

  /** Called when a call begins; tells what became of it. */
  begin(kind: 'read' | 'write'): { answered(): void; failed(): void } {
    const before = this.#answers;
    return {
      answered: () => {
        this.#answers += 1;
        this.#failedWrites = 0;
        this.#isDown = false;
      },
      failed: () => {
        if (this.#answers !== before) return;
        this.#failedWrites += 1;
        if (kind === 'write' && !this.#isDown && this.#failedWrites < enoughWrites) return;
        this.#isDown = true;
        this.#since = this.#now();
      },
    };
  }
}
