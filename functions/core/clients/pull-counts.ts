import { minuteOf } from './client-limits.ts';

/** How many clients of a minute are counted one by one. */
const mostClients = 10_000;

/** The count that all further clients share. No address. */
const others = 'others';

/** The pulls of each client in the current minute, on this instance. */
export class PullCounts {
  readonly #pulls = new Map<string, number>();
  readonly #most: number;
  #minute = 0;

  constructor(most = mostClients) {
    this.#most = most;
  }

  /** How often a client pulled in the minute of `now`, in ms since 1970. */
  used(client: string, now: number): number {
    this.#begin(now);
    return this.#pulls.get(this.#keyOf(client)) ?? 0;
  }

  add(client: string, now: number): void {
    this.#begin(now);
    const key = this.#keyOf(client);
    this.#pulls.set(key, (this.#pulls.get(key) ?? 0) + 1);
  }

  #begin(now: number): void {
    const minute = minuteOf(now);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#pulls.clear();
  }

  #keyOf(client: string): string {
    return this.#pulls.has(client) || this.#pulls.size < this.#most ? client : others;
  }
}
