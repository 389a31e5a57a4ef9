/** Lets pieces of work on the same thing run side by side, or one of them alone. */
export class KeyedLock {
  readonly #sharing = new Map<string, Set<Promise<unknown>>>();
  readonly #alone = new Map<string, Promise<unknown>>();

  /** Runs `work` when nothing runs alone for `key`; what only waits to run alone is overtaken. */
  async shared<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    for (let alone = this.#alone.get(key); alone !== undefined; alone = this.#alone.get(key)) {
      await alone.catch(() => undefined);
    }
    const running = work();
    const sharing = this.#sharing.get(key) ?? new Set();
    this.#sharing.set(key, sharing.add(running));
    try {
      return await running;
    } finally {
      sharing.delete(running);
      if (sharing.size === 0) this.#sharing.delete(key);
    }
  }

  /** Runs `work` when nothing else runs for `key`. */
  async exclusive<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const alone = this.#alone.get(key);
      const others = [...(this.#sharing.get(key) ?? []), ...(alone === undefined ? [] : [alone])];
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
