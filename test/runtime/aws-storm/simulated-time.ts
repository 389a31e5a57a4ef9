/** A clock that jumps to whatever is waited for next, so that seconds of many instances take none. */
export class SimulatedTime {
  #now = Date.UTC(2026, 0, 1);
  #last = this.#now;
  readonly #waiting = new Map<number, (() => void)[]>();

  readonly #timers = new Set<object>();

  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const until = this.#now + Math.max(1, Math.round(milliseconds));
      this.#last = Math.max(this.#last, until);
      const others = this.#waiting.get(until);
      if (others === undefined) this.#waiting.set(until, [resolve]);
      else others.push(resolve);
    });

  /** In place of the global timers: with those, results would depend on the speed of the machine. */
  readonly timers = {
    setTimeout: (work: () => void, milliseconds: number): object => {
      const timer = {};
      this.#timers.add(timer);
      void this.sleep(milliseconds).then(() => {
        if (this.#timers.delete(timer)) work();
      });
      return timer;
    },
    clearTimeout: (timer: object): void => {
      this.#timers.delete(timer);
    },
  };

  /** Lets time pass until work is done. */
  async until<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (;;) {
      // All that follows from what happened so far.
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) return work;
      if (this.#now >= this.#last) throw new Error('nothing is left to wait for');
      do this.#now += 1;
      while (!this.#waiting.has(this.#now));
      const due = this.#waiting.get(this.#now) ?? [];
      this.#waiting.delete(this.#now);
      for (const wake of due) wake();
    }
  }
}
