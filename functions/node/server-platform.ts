import type { Environment } from '../core/config/environment.ts';
import { logGivenUp } from '../core/observe/event-line.ts';
import type { Log } from '../core/observe/log.ts';
import type { FillHandler, FillJob, FillQueue } from '../core/ports/fill-queue.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { Platform } from '../core/service/platform.ts';

/** A fill queue whose jobs this process handles. */
export interface ServedFillQueue extends FillQueue {
  /** Starts to handle jobs, including those that an earlier process left. */
  start(handler: FillHandler): void;
  /** Aborts the running jobs, which stay in the queue, and waits for them. */
  stop(): Promise<void>;
}

/** A store that never exceeds `limits.storeBytes`, not even until the next eviction. */
export interface BoundedStore {
  /** Makes the store call `evict` when a blob needs room. */
  evictBy(evict: () => Promise<void>): void;
  /** Changes the bound, in bytes. */
  resize(storeBytes: number): void;
}

/** What a server runs on. */
export interface ServerPlatform extends Platform {
  readonly ports: Ports & { readonly queue: ServedFillQueue };
  /** False if this process leaves fills to others; it may lack permission to write and delete. */
  readonly fillsHere: boolean;
  /** Where the data is, as shown to people. */
  readonly place: string;
  /** Absent if the store may exceed its bound until the next eviction. */
  readonly bound?: BoundedStore;
  /** Writes what is still in memory and releases all resources. */
  close(): Promise<void>;
}

/** What a server's process provides to its platform. */
export interface ServerProcess extends Pick<Platform, 'runtime' | 'log' | 'fetch'> {
  /** For passwords and the platform's own settings. */
  readonly environment: Environment;
}

/** Opens a server's platform. Rejects with an error that says what to do. */
export type OpenPlatform = (process: ServerProcess) => Promise<ServerPlatform>;

/** What stores report about their background work. */
export interface StoreListeners {
  /** A job will not be tried again, and why. */
  onGivenUp(job: FillJob, reason: string): void;
  /** Something else went wrong. `reason` holds no secret. */
  onProblem(reason: string): void;
}

/** Listeners that write to the log. */
export function storeListeners(log: Log): StoreListeners {
  return {
    onGivenUp: (job, reason) => logGivenUp(log, job, reason),
    onProblem: (reason) => log.event('warn', 'store failed', { reason }),
  };
}
