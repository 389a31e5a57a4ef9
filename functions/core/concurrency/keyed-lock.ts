/** A lock per key that is held either by any number of shared holders or by one exclusive holder. */
export class KeyedLock {
  readonly #shared = new Map<string, Set<Promise<unknown>>>();
  readonly #exclusive = new Map<string, Promise<unknown>>();

  /** Waits for the exclusive holder only: shared work overtakes exclusive work that still waits. */
  async shared<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    while (this.#exclusive.has(key)) await this.#exclusive.get(key)?.catch(() => undefined);
    const running = work();
    const holders = this.#shared.get(key) ?? new Set();
    this.#shared.set(key, holders.add(running));
    try {
      return await running;
    } finally {
      holders.delete(running);
      if (holders.size === 0) this.#shared.delete(key);
    }
  }

  /** Runs `work` when nothing else runs for `key`. */
  async exclusive<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    while (this.#exclusive.has(key) || this.#shared.has(key)) {
      await Promise.allSettled([this.#exclusive.get(key), ...(this.#shared.get(key) ?? [])]);
    }
    const running = work();
    this.#exclusive.set(key, running);
    try {
      return await running;
    } finally {
      this.#exclusive.delete(key);
    }
  }
}
