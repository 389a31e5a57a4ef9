import type { Environment } from '../core/config/environment.ts';
import { logGivenUp } from '../core/observe/event-line.ts';
import type { Log } from '../core/observe/log.ts';
import type { FillHandler, FillJob, FillQueue } from '../core/ports/fill-queue.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { Platform } from '../core/service/platform.ts';

/** A fill queue that is worked on in this process. */
export interface ServedFillQueue extends FillQueue {
  /** Begins to hand out jobs, also those that a former process left. */
  start(handler: FillHandler): void;
  /** Aborts the jobs under way, which stay in the queue, and resolves when none runs. */
  stop(): Promise<void>;
}

/** What a server runs on. */
export interface ServerPlatform extends Platform {
  readonly ports: Ports & { readonly queue: ServedFillQueue };
  /** Whether this process fills: one that does not may lack the rights to write and to delete. */
  readonly fillsHere: boolean;
  /** Where everything is kept, for people. */
  readonly place: string;
  /** Writes what is left and lets go of what is held. */
  close(): Promise<void>;
}

/** What a server's process lends its platform. */
export interface ServerProcess extends Pick<Platform, 'runtime' | 'log' | 'fetch'> {
  /** For passwords, and for the platform's own settings. */
  readonly environment: Environment;
}

/** Opens a server's platform. Rejects with an error that says what to do. */
export type OpenPlatform = (process: ServerProcess) => Promise<ServerPlatform>;

/** What stores tell of their work behind the requests. */
export interface StoreListeners {
  /** Called with each job that will not be tried again, and why. */
  onGivenUp(job: FillJob, reason: string): void;
  /** Called with what else went wrong; holds no secret. */
  onProblem(reason: string): void;
}

/** Writes to the log what stores tell. */
export function storeListeners(log: Log): StoreListeners {
  return {
    onGivenUp: (job, reason) => logGivenUp(log, job, reason),
    onProblem: (reason) => log.event('warn', 'store failed', { reason }),
  };
}
