import type { MirrorEvent } from './event.ts';
import { StoreBusy } from './leases.ts';

/** A port whose methods resolve to undefined when they fail. */
export type Tolerant<Port> = Guarded<Port, undefined>;

/**
 * A port whose methods resolve to `failed` when they fail, and to `busy` when the store throttled them:
 * for the few decisions that must tell a failure from absence.
 */
export type Attempted<Port> = Guarded<Port, 'failed' | 'busy'>;

type Guarded<Port, Failed> = {
  readonly [Name in keyof Port]: NonNullable<Port[Name]> extends (
    ...given: infer Given
  ) => Promise<infer Result>
    ? (...given: Given) => Promise<Result | Failed>
    : Port[Name];
};

type Observe = (event: MirrorEvent) => void;

/**
 * Reports the failures of a port under the method's name, and resolves to undefined instead: a broken
 * index or bucket costs an upstream request, not a pull.
 */
export function tolerate<Port extends object>(port: Port, observe: Observe): Tolerant<Port> {
  return guard(port, (method, error) => {
    observe({ kind: 'store-failed', operation: method, reason: reasonOf(error) });
    return undefined;
  });
}

/** Reports failures in the same way, but lets the caller see them. */
export function attempt<Port extends object>(port: Port, observe: Observe): Attempted<Port> {
  return guard(port, (method, error) => {
    // Throttling is not a failure of the store.
    if (error instanceof StoreBusy) return 'busy';
    observe({ kind: 'store-failed', operation: method, reason: reasonOf(error) });
    return 'failed';
  });
}

/** The message of an error, for a log or a queue. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Method = (...given: unknown[]) => unknown;

/** Wraps the methods of a port. A result that is not a promise (a stream of blobs) is passed on. */
function guard<Port extends object, Failed>(
  port: Port,
  onFailure: (method: string, error: unknown) => Failed,
): Guarded<Port, Failed> {
  const methods = new Map<string | symbol, Method>();
  const handler: ProxyHandler<Port> = {
    get(target, name) {
      const known = methods.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const method: Method = (...given) => {
        const result: unknown = Reflect.apply(member, target, given);
        if (!(result instanceof Promise)) return result;
        return result.catch((error: unknown) => onFailure(String(name), error));
      };
      methods.set(name, method);
      return method;
    },
  };
  // The type of a Proxy is that of its target, but the handler changes the results.
  return new Proxy(port, handler) as unknown as Guarded<Port, Failed>;
}
