import type { Operation } from './operation.ts';
import type { S3Code } from './s3-error.ts';

/** What goes wrong. */
export type S3FaultAction =
  /** Refused before anything was done, but after the body was read. */
  | { readonly kind: 'status'; readonly code: S3Code }
  /** Refused with a status and a body of one's own, as a proxy would. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** Done late, in ms. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Done only once the promise resolves. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** The connection is dropped before anything is done: at once, or after so many bytes of body. */
  | { readonly kind: 'drop'; readonly after?: number }
  /** Done, and the connection is dropped instead of the answer. */
  | { readonly kind: 'drop-answer' }
  /** The connection is dropped after so many bytes of the answer's body. */
  | { readonly kind: 'cut'; readonly after: number };

/** A fault and the requests it befalls. */
export interface S3Fault {
  /** Default: every operation. */
  readonly on?: Operation | undefined;
  /** Contained in the key; default: every key. */
  readonly key?: string | undefined;
  /** Default 1. */
  readonly times?: number | undefined;
  /** How many matching requests go well before it starts; default 0. */
  readonly skip?: number | undefined;
  readonly do: S3FaultAction;
}

/** Which faults are set, and how often each one was met. */
export class S3Faults {
  readonly #met = new Map<S3Fault, number>();

  /** Sets a fault. */
  add(fault: S3Fault): void {
    this.#met.set(fault, 0);
  }

  /** Takes all faults away. */
  clear(): void {
    this.#met.clear();
  }

  /** The faults of one request, each counted as met. */
  take(operation: Operation, key: string): S3FaultAction[] {
    const actions: S3FaultAction[] = [];
    for (const [fault, met] of this.#met) {
      if (fault.on !== undefined && fault.on !== operation) continue;
      if (fault.key !== undefined && !key.includes(fault.key)) continue;
      this.#met.set(fault, met + 1);
      const skip = fault.skip ?? 0;
      if (met >= skip && met < skip + (fault.times ?? 1)) actions.push(fault.do);
    }
    return actions;
  }
}

/** The first action of a kind, if there is one. */
export function actionOf<K extends S3FaultAction['kind']>(
  actions: readonly S3FaultAction[],
  kind: K,
): Extract<S3FaultAction, { kind: K }> | undefined {
  return actions.find((one): one is Extract<S3FaultAction, { kind: K }> => one.kind === kind);
}
