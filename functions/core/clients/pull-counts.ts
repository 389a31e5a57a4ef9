import { minuteOf } from './client-limits.ts';

/** How many clients of a minute are counted one by one. */
const mostClients = 10_000;

/** The count that all further clients share. No address. */
const others = 'others';

/** How often a client pulled in one minute. */
export interface PullCount {
  pulls: number;
}

/** The pulls of each client in the current minute, on this instance. */
export class PullCounts {
  readonly #counts = new Map<string, PullCount>();
  readonly #most: number;
  #minute = 0;

  constructor(most = mostClients) {
    this.#most = most;
  }

  /** The count of a client in the minute of `now`, in ms since 1970. It belongs to that minute. */
  of(client: string, now: number): PullCount {
    this.#begin(now);
    const known = this.#counts.get(client);
    if (known !== undefined) return known;
    const key = this.#counts.size < this.#most ? client : others;
    const count = this.#counts.get(key) ?? { pulls: 0 };
    this.#counts.set(key, count);
    return count;
  }

  #begin(now: number): void {
    const minute = minuteOf(now);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#counts.clear();
  }
}
