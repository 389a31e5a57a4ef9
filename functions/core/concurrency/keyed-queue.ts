/** Lets pieces of work on the same thing run side by side, or one of them alone. */
export class Turns {
  readonly #shared = new Map<string, Set<Promise<unknown>>>();
  readonly #alone = new Map<string, Promise<unknown>>();

  /** Runs `work` when nothing runs alone for `key`; what only waits to run alone is overtaken. */
  async share<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    for (let alone = this.#alone.get(key); alone !== undefined; alone = this.#alone.get(key)) {
      await alone.catch(() => undefined);
    }
    const running = work();
    const shared = this.#shared.get(key) ?? new Set();
    this.#shared.set(key, shared.add(running));
    try {
      return await running;
    } finally {
      shared.delete(running);
      if (shared.size === 0) this.#shared.delete(key);
    }
  }

  /** Runs `work` when nothing else runs for `key`. */
  async takeAlone<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const alone = this.#alone.get(key);
      const others = [...(this.#shared.get(key) ?? []), ...(alone === undefined ? [] : [alone])];
      if (others.length === 0) break;
      await Promise.allSettled(others);
    }
    const running = work();
    this.#alone.set(key, running);
    try {
      return await running;
    } finally {
      this.#alone.delete(key);
    }
  }
}
