import type { MirrorEvent } from './event.ts';
import { StoreBusy } from './leases.ts';

/** A port whose operations resolve to undefined when they fail. */
export type Tolerant<Port> = Answering<Port, undefined>;

/**
 * A port whose operations resolve to `failed` when they fail, and to `busy` when the store refused
 * them because too many asked at once: for the few decisions that must tell this from absent.
 */
export type Attempted<Port> = Answering<Port, 'failed' | 'busy'>;

type Answering<Port, Failed> = {
  readonly [Name in keyof Port]: NonNullable<Port[Name]> extends (
    ...given: infer Given
  ) => Promise<infer Result>
    ? (...given: Given) => Promise<Result | Failed>
    : Port[Name];
};

type Observe = (event: MirrorEvent) => void;

/**
 * A broken index or bucket costs an upstream request, not a pull: a failure of `port` is reported
 * under the method's own name, and the caller goes on without a result.
 */
export function tolerate<Port extends object>(port: Port, observe: Observe): Tolerant<Port> {
  return answering(port, (method, error) => {
    observe({ kind: 'store-failed', operation: method, reason: reasonOf(error) });
    return undefined;
  });
}

/** The same port, whose caller is told that it failed. */
export function attempt<Port extends object>(port: Port, observe: Observe): Attempted<Port> {
  return answering(port, (method, error) => {
    // A herd of instances is no failure of the store.
    if (error instanceof StoreBusy) return 'busy';
    observe({ kind: 'store-failed', operation: method, reason: reasonOf(error) });
    return 'failed';
  });
}

/** What an error says of itself, for a log or a queue. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Method = (...given: unknown[]) => unknown;

/** Calls every method on the port itself; what is no promise (a stream of blobs) is passed on. */
function answering<Port extends object, Failed>(
  port: Port,
  onFailure: (method: string, error: unknown) => Failed,
): Answering<Port, Failed> {
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
  // A Proxy has the type of its target; the handler changes what its methods resolve to.
  return new Proxy(port, handler) as unknown as Answering<Port, Failed>;
}
