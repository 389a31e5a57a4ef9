import type { MissingBlobs } from '../core/mirror/context.ts';
import type { FillHandler, FillJob, FillQueue } from '../core/ports/fill-queue.ts';
import type { Ports } from '../core/ports/ports.ts';

/** A fill queue that is worked on in this process. */
export interface ServedFillQueue extends FillQueue {
  /** Begins to hand out jobs, also those that a former process left. */
  start(handler: FillHandler): void;
  /** Aborts the jobs under way, which stay in the queue, and resolves when none runs. */
  stop(): Promise<void>;
}

/** The stores under a server, and their end. */
export interface Stores extends Ports {
  readonly queue: ServedFillQueue;
  /** Whether this process fills: one that does not may lack the rights to write and to delete. */
  readonly fillsHere: boolean;
  /** Where everything is kept, for people. */
  readonly place: string;
  /** How long a mark of a pull is not repeated, in ms: what a write costs decides. */
  readonly markInterval: number;
  readonly missingBlobs: MissingBlobs;
  /** Reads a password out of the secret store beside these stores; undefined: there is none. */
  readonly readSecret: ((name: string) => Promise<string>) | undefined;
  /** Writes what is left and lets go of what is held. */
  close(): Promise<void>;
}

/** What stores are told when they are opened. */
export interface StoresOptions {
  /** Ms since 1970. */
  now(): number;
  /** Called with each job that will not be tried again, and why. */
  onGivenUp(job: FillJob, reason: string): void;
  /** Called with what else went wrong behind the requests; holds no secret. */
  onProblem(reason: string): void;
}

/** Opens stores. Rejects with an error that says what to do. */
export type OpenStores = (options: StoresOptions) => Promise<Stores>;
