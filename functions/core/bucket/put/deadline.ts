/** A timer with a longer delay than this fires at once. */
const maxTimer = 2 ** 31 - 1;

/** When a put has to pause. */
export class Deadline {
  /** Aborted at the deadline, and when the put itself is aborted. Ends the reading. */
  readonly signal: AbortSignal;
  readonly #put: AbortSignal;
  readonly #passed = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #at: number;
  readonly #now: () => number;

  /** `at` in ms since 1970, undefined for never; `put` aborts the put. */
  constructor(at: number | undefined, now: () => number, put: AbortSignal) {
    this.#at = at ?? Number.POSITIVE_INFINITY;
    this.#now = now;
    this.#put = put;
    this.signal = AbortSignal.any([put, this.#passed.signal]);
    if (at === undefined) return;
    this.#timer = setTimeout(() => this.#pass(), Math.min(this.timeLeft(), maxTimer));
  }

  /** True if the put has to pause, and was not aborted. */
  get hasPassed(): boolean {
    return this.#passed.signal.aborted && !this.#put.aborted;
  }

  /** In ms; infinite without a deadline. */
  timeLeft(): number {
    return Math.max(0, this.#at - this.#now());
  }

  /**
   * Throws the signal's reason if it is aborted. Also reads the clock: workerd runs no timer while bytes
   * arrive without a break.
   */
  check(): void {
    if (this.timeLeft() === 0) this.#pass();
    this.signal.throwIfAborted();
  }

  /** Stops the timer. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  #pass(): void {
    this.#passed.abort(new Error('the put has to pause'));
  }
}
