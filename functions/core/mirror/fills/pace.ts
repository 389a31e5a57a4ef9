import { UpstreamError } from '../../ports/upstream-error.ts';

/** Watches what a source reads, in all its slices. */
export interface SourceWatch {
  /** A slice asks the upstream again after a break. */
  reopened(): void;
  /** A read waits for the upstream's bytes, until `waited`. */
  waiting(): void;
  waited(): void;
  /**
   * So many bytes came; `left` are still to come of their slice, undefined when only the end of the
   * body tells. What it throws ends the slice.
   */
  arrived(bytes: number, left: number | undefined): void;
}

/** An upstream sends at least so many bytes of a blob that is filled ... */
const leastBytes = 64 * 1024;
/** ... in so many ms that it is waited for. */
const leastTime = 30_000;
/** For the last bytes, when they are fewer than that, it has longer. */
const lastTime = 120_000;

/** The upstream sends a blob so slowly that its fill is given up. */
export class TooSlow extends UpstreamError {
  constructor() {
    super('timeout', `the upstream sends less than ${leastBytes} bytes in ${leastTime / 1000} s`);
    this.name = 'TooSlow';
  }
}

/**
 * Sees that the upstream of a fill keeps a least pace, all slices together: a byte now and then is no
 * stall, and holds a place of the queue for days. Only the time counts in which somebody waits for
 * bytes: a store that is slow to take them is not the upstream's fault. It is looked at when bytes
 * come, as a silence is the stall's to end, which a new request may mend.
 */
export class Pace implements SourceWatch {
  readonly #now: () => number;
  /** Reads that wait. */
  #reads = 0;
  /** Until when the waiting is counted, in ms since 1970. */
  #counted = 0;
  /** Since the beginning of the present stretch: ms that were waited, and bytes that came. */
  #waited = 0;
  #came = 0;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  reopened(): void {
    this.#begin();
  }

  waiting(): void {
    if (this.#reads === 0) this.#counted = this.#now();
    this.#reads += 1;
  }

  waited(): void {
    const now = this.#now();
    // A clock that was set back shows no time.
    this.#waited += Math.max(0, now - this.#counted);
    this.#counted = now;
    this.#reads -= 1;
  }

  arrived(bytes: number, left: number | undefined): void {
    this.#came += bytes;
    if (this.#came >= leastBytes) {
      this.#begin();
      return;
    }
    const isLast = left !== undefined && left + this.#came < leastBytes;
    if (left !== 0 && this.#waited >= (isLast ? lastTime : leastTime)) throw new TooSlow();
  }

  #begin(): void {
    this.#waited = 0;
    this.#came = 0;
  }
}
