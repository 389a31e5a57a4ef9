/** Lets callers who want the same thing at the same moment share one piece of work. */
export class SingleFlight<Result> {
  readonly #flights = new Map<string, Promise<Result>>();

  /** The running work of this key, or `work` started now. A failure is shared as well. */
  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
