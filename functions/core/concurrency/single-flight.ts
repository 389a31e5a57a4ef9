/** Runs one piece of work per key at a time and gives its result to every concurrent caller. */
export class SingleFlight<Result> {
  readonly #flights = new Map<string, Promise<Result>>();
  readonly #platform: { waitUntil(work: Promise<unknown>): void };

  /** `platform` keeps a flight going after the request that began it has ended. */
  constructor(platform: { waitUntil(work: Promise<unknown>): void }) {
    this.#platform = platform;
  }

  /** The running work of this key, or `work` started now. A failure is shared as well. */
  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    this.#platform.waitUntil(flight.catch(() => undefined));
    return flight;
  }
}
