import { minuteOf } from './client-limits.ts';

/** How many clients of a minute are counted one by one. */
const mostClients = 10_000;

/** The count that all further clients share. No address. */
const others = 'others';

interface Count {
  pulls: number;
}

/** The pulls of each client in the current minute, on this instance. */
export class PullCounts {
  readonly #counts = new Map<string, Count>();
  readonly #most: number;
  #minute = 0;

  constructor(most = mostClients) {
    this.#most = most;
  }

  /** How often a client pulled in the minute of `now`, in ms since 1970. */
  used(client: string, now: number): number {
    this.#begin(now);
    return this.#find(client)?.pulls ?? 0;
  }

  add(client: string, now: number): void {
    this.#begin(now);
    const known = this.#find(client);
    if (known !== undefined) known.pulls += 1;
    else this.#counts.set(this.#isFull ? others : client, { pulls: 1 });
  }

  #begin(now: number): void {
    const minute = minuteOf(now);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#counts.clear();
  }

  #find(client: string): Count | undefined {
    return this.#counts.get(client) ?? (this.#isFull ? this.#counts.get(others) : undefined);
  }

  get #isFull(): boolean {
    return this.#counts.size >= this.#most;
  }
}
