/** Lets so many pieces of work run at once; the others wait for their turn, in order. */
export class Limiter {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Runs the work when there is room; settles as the work does. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inside >= this.#width) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#inside += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
