import type { RequestKind } from './record.ts';

/** What goes wrong. Offsets count bytes of the body, except `flip`, which counts in the content. */
export type FaultAction =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Written to the socket as it is, which is then closed. */
  | { readonly kind: 'raw'; readonly text: string }
  /** The connection is closed before any answer. */
  | { readonly kind: 'hang-up' }
  /** Headers come late. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Waits for a promise: before the headers, or after this many bytes of body. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown>; readonly after?: number }
  /** No answer, ever. */
  | { readonly kind: 'silence' }
  /** Stops sending and keeps the connection. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Ends the connection early (FIN); with `no-length` the body looks complete. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Resets the connection (RST); the last bytes before it may be lost on the way. */
  | { readonly kind: 'reset'; readonly after: number }
  | { readonly kind: 'flip'; readonly at: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** 200 with everything for a Range request. */
  | { readonly kind: 'ignore-range' }
  /** 206 that starts this many bytes later than asked for, and says so. */
  | { readonly kind: 'shift-range'; readonly by: number }
  /** A Content-Length that is this much too large. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** No Content-Length: chunked. */
  | { readonly kind: 'no-length' };

/** A fault and the requests it befalls. */
export interface Fault {
  readonly on: RequestKind;
  /** Default: every method. */
  readonly method?: string;
  /**
   * Matched with the path (the digest stands in it), of a token with the query too; a string must
   * be contained.
   */
  readonly match?: RegExp | string;
  /** How many requests it befalls; default: all. */
  readonly times?: number;
  /** How many matching requests go well before it starts; default 0. */
  readonly skip?: number;
  readonly do: FaultAction;
}

/** Which faults are set, and how often each one was met. */
export class Faults {
  #met = new Map<Fault, number>();
  #list: readonly Fault[] = [];

  /** Replaces the list and starts all counts again. */
  set(list: readonly Fault[]): void {
    this.#list = list;
    this.#met = new Map();
  }

  /** Adds a fault and keeps the counts of the others. */
  add(fault: Fault): void {
    this.#list = [...this.#list, fault];
  }

  /** The faults of one request, each counted as met. */
  take(kind: RequestKind, method: string, path: string): FaultAction[] {
    const actions: FaultAction[] = [];
    for (const fault of this.#list) {
      if (fault.on !== kind || (fault.method !== undefined && fault.method !== method)) continue;
      if (fault.match !== undefined && !matches(fault.match, path)) continue;
      const met = this.#met.get(fault) ?? 0;
      this.#met.set(fault, met + 1);
      const skip = fault.skip ?? 0;
      if (met >= skip && met < skip + (fault.times ?? Number.POSITIVE_INFINITY)) {
        actions.push(fault.do);
      }
    }
    return actions;
  }
}

/** The first action of a kind, if there is one. */
export function actionOf<K extends FaultAction['kind']>(
  actions: readonly FaultAction[],
  kind: K,
): Extract<FaultAction, { kind: K }> | undefined {
  return actions.find((one): one is Extract<FaultAction, { kind: K }> => one.kind === kind);
}

function matches(pattern: RegExp | string, path: string): boolean {
  return typeof pattern === 'string' ? path.includes(pattern) : path.search(pattern) >= 0;
}
