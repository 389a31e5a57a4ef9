import type { Operation } from './arrived-request.ts';
import type { S3Code } from './refusal.ts';

/** What goes wrong. */
export type S3FaultAction =
  /** Refused before anything was done, but after the body was read. */
  | { readonly kind: 'status'; readonly code: S3Code }
  /** Answered by something that is not S3, as a proxy would. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** The connection is dropped before anything is done: at once, or after this many bytes of body. */
  | { readonly kind: 'drop'; readonly after?: number }
  /** Done, and the connection is dropped instead of the answer. */
  | { readonly kind: 'drop-answer' }
  /** The connection is dropped after this many bytes of the answer's body. */
  | { readonly kind: 'cut'; readonly after: number };

/** A fault and the requests that meet it. */
export interface S3Fault {
  readonly on: Operation;
  /** Default 1. */
  readonly times?: number | undefined;
  readonly do: S3FaultAction;
}

/** The faults that are set, and how often each may still be met. */
export class S3Faults {
  readonly #left = new Map<S3Fault, number>();

  /** Sets a fault. */
  add(fault: S3Fault): void {
    this.#left.set(fault, fault.times ?? 1);
  }

  /** The fault of one request, counted as met. */
  take(operation: Operation): S3FaultAction | undefined {
    for (const [fault, left] of this.#left) {
      if (fault.on !== operation || left === 0) continue;
      this.#left.set(fault, left - 1);
      return fault.do;
    }
    return undefined;
  }
}
