import type { FillHandler, FillJob, FillOutcome, FillQueue } from '../core/ports/fill-queue.ts';
import { idOf, ReadyFills } from './ready-fills.ts';

/**
 * A job is given up after this many attempts, as on AWS. With the growing pauses of `handleFill` they cover
 * an outage of six hours.
 */
const mostAttempts = 20;
/** While more jobs than this wait, a job gets fewer attempts: their number is in memory and on the disk. */
const manyJobs = 10_000;
const fewerAttempts = 5;
/**
 * The longest wait for a job that an earlier process left, in ms: a clock that was set back since would
 * delay it for as long.
 */
const longestStoredWait = 3_600_000;
/** The pause after a handler rejected, which it should not do, in seconds. */
const rejectionPause = 10;
/** The longest delay of a timer, in ms. */
const longestDelay = 2 ** 31 - 1;

/** How to open a queue. */
export interface FillQueueOptions {
  /** Ms since 1970. */
  now(): number;
  /** Jobs handled at once. A registry without one of them may run one more. */
  readonly concurrency: number;
  /** Called for a job that will not be tried again. */
  onGivenUp?(job: FillJob, reason: string): void;
}

/** A job that is not done. */
export interface StoredFill {
  readonly job: FillJob;
  readonly attempts: number;
  /** In ms since 1970. */
  readonly notBefore: number;
}

/** Stores the jobs of a queue besides its own memory. Both methods reject if that fails. */
export interface FillTable {
  /** Writes jobs, all or none; a job of the same repository and blob is replaced. */
  put(fills: readonly StoredFill[]): Promise<void>;
  remove(job: FillJob): Promise<void>;
}

/** Stores nothing: the jobs end with the process. */
const noTable: FillTable = { put: async () => undefined, remove: async () => undefined };

type Again = Extract<FillOutcome, { kind: 'retry' | 'deferred' }>;

interface Entry extends StoredFill {
  /** Settles when the job is in the table. */
  readonly written: Promise<unknown>;
}

/** The fill queue of one process. With a table, its jobs survive the process. */
export class MemoryFillQueue implements FillQueue {
  readonly #table: FillTable;
  readonly #options: FillQueueOptions;
  /** The jobs that are not done, by repository and blob: what is queued twice is handled once. */
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new ReadyFills();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #running = new Set<Promise<void>>();
  /** How many jobs of each registry are running. */
  readonly #busy = new Map<string, number>();
  readonly #stopping = new AbortController();
  #handler: FillHandler | undefined;

  /** `unfinished` are the jobs that an earlier process left. */
  constructor(
    options: FillQueueOptions,
    table: FillTable = noTable,
    unfinished: Iterable<StoredFill> = [],
  ) {
    this.#table = table;
    this.#options = options;
    const now = options.now();
    for (const fill of unfinished) {
      const entry = { ...fill, written: Promise.resolve() };
      this.#entries.set(idOf(fill.job), entry);
      this.#schedule(entry, Math.min(fill.notBefore - now, longestStoredWait));
    }
  }

  async enqueue(jobs: readonly FillJob[]): Promise<void> {
    const fresh = new Map<string, FillJob>();
    for (const job of jobs) {
      if (!this.#entries.has(idOf(job))) fresh.set(idOf(job), job);
      // A client needs it now.
      else this.#wake(job);
    }
    const written = this.#write([...fresh.values()]);
    for (const [id, job] of fresh) {
      this.#entries.set(id, { job, attempts: 0, notBefore: 0, written });
    }
    // A job that another call is writing is accepted only when that write is done.
    await Promise.all(jobs.map((job) => this.#entries.get(idOf(job))?.written));
  }

  /** Starts to handle jobs, including those of an earlier process. Called once. */
  start(handler: FillHandler): void {
    this.#handler = handler;
    this.#next();
  }

  /** Aborts the running handlers and waits for them. Their jobs stay in the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#running);
  }

  /** How many jobs are not done. */
  get length(): number {
    return this.#entries.size;
  }

  /** Jobs become ready when they are written; a job that could not be written is forgotten. */
  async #write(jobs: readonly FillJob[]): Promise<void> {
    if (jobs.length === 0) return;
    try {
      await this.#table.put(jobs.map((job) => ({ job, attempts: 0, notBefore: 0 })));
    } catch (error) {
      for (const job of jobs) this.#entries.delete(idOf(job));
      throw error;
    }
    for (const job of jobs) this.#ready.add(job);
    this.#next();
  }

  /** Makes a job ready after `delay` ms: a timer's time, which a change of the clock does not affect. */
  #schedule({ job }: Entry, delay: number): void {
    if (delay <= 0) this.#ready.add(job);
    else
      this.#timers.set(
        idOf(job),
        setTimeout(() => this.#wake(job), Math.min(delay, longestDelay)),
      );
  }

  /** Ends the wait of a job; without effect on any other. */
  #wake(job: FillJob): void {
    const id = idOf(job);
    const timer = this.#timers.get(id);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(id);
    this.#ready.add(job);
    this.#next();
  }

  #next(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#stopping.signal.aborted) return;
    for (let job = this.#take(); job !== undefined; job = this.#take()) {
      const entry = this.#entries.get(idOf(job));
      if (entry === undefined) continue;
      const { registry } = job.repository;
      this.#busy.set(registry, this.#busyOf(registry) + 1);
      const run = this.#run(handler, entry).finally(() => {
        this.#running.delete(run);
        this.#busy.set(registry, this.#busyOf(registry) - 1);
        this.#next();
      });
      this.#running.add(run);
    }
  }

  /**
   * Takes the next job, from the registry with the fewest running. A registry with none may run one
   * even if all slots are taken, so that slow fills of one registry do not stop those of others.
   */
  #take(): FillJob | undefined {
    const registry = this.#ready
      .registries()
      .reduce<string | undefined>(
        (least, one) =>
          least === undefined || this.#busyOf(one) < this.#busyOf(least) ? one : least,
        undefined,
      );
    if (registry === undefined) return undefined;
    const hasSlot = this.#running.size < this.#options.concurrency;
    return hasSlot || this.#busyOf(registry) === 0 ? this.#ready.take(registry) : undefined;
  }

  #busyOf(registry: string): number {
    return this.#busy.get(registry) ?? 0;
  }

  /** Does not reject: a job whose removal fails is handled again after the next start. */
  async #run(handler: FillHandler, entry: Entry): Promise<void> {
    const outcome = await outcomeOf(handler, entry, this.#stopping.signal);
    if (this.#stopping.signal.aborted && outcome.kind !== 'done') return;
    try {
      if (outcome.kind === 'done') await this.#remove(entry);
      else if (outcome.kind === 'given-up') await this.#giveUp(entry, outcome.reason);
      else await this.#retry(entry, outcome);
    } catch {
      // The table failed, but the outcome is in memory.
    }
  }

  async #retry(entry: Entry, outcome: Again): Promise<void> {
    const attempts = entry.attempts + (outcome.kind === 'retry' ? 1 : 0);
    const most = this.#entries.size > manyJobs ? fewerAttempts : mostAttempts;
    if (attempts >= most) return this.#giveUp(entry, outcome.reason);
    const delay = Math.max(0, outcome.afterSeconds) * 1000;
    const notBefore = this.#options.now() + delay;
    const again = { ...entry, attempts, notBefore };
    this.#entries.set(idOf(entry.job), again);
    if (!this.#stopping.signal.aborted) this.#schedule(again, delay);
    await this.#table.put([{ job: entry.job, attempts, notBefore }]);
  }

  async #giveUp(entry: Entry, reason: string): Promise<void> {
    await this.#remove(entry);
    this.#options.onGivenUp?.(entry.job, reason);
  }

  async #remove(entry: Entry): Promise<void> {
    // Removed from memory first: a job queued during this write must be written after it.
    this.#entries.delete(idOf(entry.job));
    await this.#table.remove(entry.job);
  }
}

async function outcomeOf(
  handler: FillHandler,
  { job, attempts }: StoredFill,
  signal: AbortSignal,
): Promise<FillOutcome> {
  try {
    return await handler(job, signal, attempts + 1);
  } catch (error) {
    return { kind: 'retry', afterSeconds: rejectionPause, reason: String(error) };
  }
}
