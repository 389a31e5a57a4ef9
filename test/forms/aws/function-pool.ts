import { type FunctionSettings, Instance, InvocationError } from './instance.ts';

/** A function with so many instances at most: more invocations than that wait. */
export class FunctionPool {
  readonly #settings: FunctionSettings;
  readonly #most: number;
  readonly #all = new Set<Instance>();
  readonly #idle: Instance[] = [];
  readonly #waiting: ((instance: Instance) => void)[] = [];
  #starting = 0;

  constructor(settings: FunctionSettings, most: number) {
    this.#settings = settings;
    this.#most = most;
  }

  /** The processes that run now. */
  get pids(): number[] {
    return [...this.#all].filter(({ isAlive }) => isAlive).map(({ pid }) => pid);
  }

  /** Starts all instances, so that none of them is started by a request. */
  async warmUp(): Promise<void> {
    while (this.#all.size + this.#starting < this.#most) this.#release(await this.#start());
  }

  /** Invokes the function with an event. Rejects with an InvocationError. */
  async invoke(event: unknown): Promise<string> {
    if (this.#most === 0) throw new InvocationError('the function has no instances');
    const instance = await this.#take();
    try {
      return await instance.invoke(JSON.stringify(event));
    } finally {
      this.#release(instance);
    }
  }

  /** Kills one instance, a busy one if there is one, as if its machine had failed. */
  kill(): void {
    const alive = [...this.#all].filter(({ isAlive }) => isAlive);
    (alive.find((one) => !this.#idle.includes(one)) ?? alive[0])?.kill();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((instance) => instance.close()));
  }

  async #take(): Promise<Instance> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isAlive) return idle;
      await this.#forget(idle);
    }
    if (this.#all.size + this.#starting < this.#most) return this.#start();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async #start(): Promise<Instance> {
    this.#starting += 1;
    try {
      const instance = await Instance.start(this.#settings);
      this.#all.add(instance);
      return instance;
    } finally {
      this.#starting -= 1;
    }
  }

  #release(instance: Instance): void {
    const next = this.#waiting.shift();
    if (instance.isAlive) {
      if (next === undefined) this.#idle.push(instance);
      else next(instance);
      return;
    }
    const replaced = this.#forget(instance);
    if (next !== undefined) replaced.then(() => this.#take()).then(next, () => undefined);
  }

  async #forget(instance: Instance): Promise<void> {
    this.#all.delete(instance);
    await instance.close();
  }
}
