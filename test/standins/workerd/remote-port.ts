import type {
  Counters,
  Ledger,
  SeenRateLimit,
  SpentPulls,
} from '../../../functions/core/ports/ledger.ts';
import type { Workerd } from './open-workerd.ts';

/** A port in workerd whose methods all give promises. `now` is its clock, in ms since 1970. */
export function remotePort<Port extends object>(
  workerd: Workerd,
  port: string,
  instance: number,
  now?: () => number,
): Port {
  return new Proxy<Port>(Object.create(null), {
    get: (_, method) => {
      // D1 does not tell its size in a way that falls when rows are removed.
      if (port === 'manifests' && method === 'usedBytes') return undefined;
      // A promise that resolves to the port must not take it for a promise.
      if (typeof method !== 'string' || method === 'then') return undefined;
      return (...args: readonly unknown[]) =>
        workerd.call({ instance, port, method, args, now: now?.() });
    },
  });
}

/** The ledger of an instance in workerd: what was counted is there before the next question. */
export class RemoteLedger implements Ledger {
  readonly #port: Ledger & { flush(): Promise<void> };
  #counting: Promise<unknown> = Promise.resolve();

  constructor(workerd: Workerd, instance: number) {
    this.#port = remotePort(workerd, 'ledger', instance);
  }

  recordRateLimit(seen: SeenRateLimit): Promise<void> {
    return this.#port.recordRateLimit(seen);
  }

  rateLimits(): Promise<readonly SeenRateLimit[]> {
    return this.#port.rateLimits();
  }

  count(added: Partial<Counters>): void {
    this.#counting = Promise.all([this.#counting, this.#port.count(added)]);
  }

  async counters(): Promise<Counters> {
    await this.#counting;
    return this.#port.counters();
  }

  addUsage(
    month: string,
    added: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>> {
    return this.#port.addUsage(month, added);
  }

  addSpending(day: string, added: readonly SpentPulls[]): Promise<readonly SpentPulls[]> {
    return this.#port.addSpending(day, added);
  }

  async flush(): Promise<void> {
    await this.#counting;
    await this.#port.flush();
  }
}
