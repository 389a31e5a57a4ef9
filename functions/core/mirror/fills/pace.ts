import { UpstreamError } from '../../ports/upstream-error.ts';

/** Observes what a source reads, over all its slices. */
export interface SourceWatch {
  /** A slice sends another request after a break. */
  reopened(): void;
  /** A read waits for the upstream's bytes, until `waited`. */
  waiting(): void;
  waited(): void;
  /**
   * Bytes arrived, and `left` more are due in their slice; undefined if only the end of the body tells.
   * An error thrown here ends the slice.
   */
  arrived(bytes: number, left: number | undefined): void;
}

/** An upstream must send this many bytes ... */
const leastBytes = 64 * 1024;
/** ... in this much waiting time, in ms. */
const leastTime = 30_000;
/** The time for the last bytes of a slice, if they are fewer, in ms. */
const lastTime = 120_000;

/** The upstream sends a blob so slowly that its fill is given up. */
export class TooSlow extends UpstreamError {
  constructor() {
    super(
      'timeout',
      `the upstream sent less than ${leastBytes} bytes in ${leastTime / 1000} seconds`,
    );
    this.name = 'TooSlow';
  }
}

/**
 * Requires a minimum pace from the upstream of a fill, over all slices. An upstream that sends a byte now
 * and then never stalls, and could occupy a place in the queue for days. Only the time in which a read
 * waits counts, because a slow store is not the upstream's fault. The pace is checked when bytes arrive:
 * silence is a stall, which ends by itself and may be cured by another request.
 */
export class Pace implements SourceWatch {
  readonly #now: () => number;
  /** The number of reads that wait. */
  #reads = 0;
  /** Until when waiting time is counted, in ms since 1970. */
  #counted = 0;
  /** Waiting time in ms and bytes since the pace was last met. */
  #waited = 0;
  #bytes = 0;

  /** `now` is in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  reopened(): void {
    this.#restart();
  }

  waiting(): void {
    if (this.#reads === 0) this.#counted = this.#now();
    this.#reads += 1;
  }

  waited(): void {
    const now = this.#now();
    // Negative if the clock was set back.
    this.#waited += Math.max(0, now - this.#counted);
    this.#counted = now;
    this.#reads -= 1;
  }

  arrived(bytes: number, left: number | undefined): void {
    this.#bytes += bytes;
    if (this.#bytes >= leastBytes) {
      this.#restart();
      return;
    }
    const isLast = left !== undefined && left + this.#bytes < leastBytes;
    if (left !== 0 && this.#waited >= (isLast ? lastTime : leastTime)) throw new TooSlow();
  }

  #restart(): void {
    this.#waited = 0;
    this.#bytes = 0;
  }
}
