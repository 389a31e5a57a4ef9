import { repositoryKey } from '../../core/oci/repository.ts';
import type { FillHandler, FillJob, FillOutcome, FillQueue } from '../../core/ports/fill-queue.ts';
import type { IndexDatabase, StoredFill } from './index-database.ts';

/**
 * After so many attempts, within minutes, a job is given up: here a client that asks for the blob
 * follows its fill, and so starts it anew.
 */
const mostAttempts = 5;
/** The pause after a handler that rejected, which it should not, in seconds. */
const brokenHandlerPause = 10;
/** The longest delay of a timer, in ms. */
const longestDelay = 2 ** 31 - 1;

/** What a queue is told when it is opened. */
export interface FillQueueOptions {
  /** Ms since 1970. */
  now(): number;
  /** Jobs handled at once. */
  readonly concurrency: number;
  /** Called for a job that will not be tried again. */
  onGivenUp?(job: FillJob, reason: string): void;
}

interface Entry extends StoredFill {
  readonly key: [string, string];
  /** Settles when the job is on disk. */
  readonly written: Promise<unknown>;
}

/** The fill queue of one process. Its jobs are rows of the index until they are done. */
export class PersistentFillQueue implements FillQueue {
  readonly #index: Pick<IndexDatabase, 'fills' | 'write'>;
  readonly #options: FillQueueOptions;
  /** Every job that is not done, by repository and blob: what is queued twice is handled once. */
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #handler: FillHandler | undefined;

  constructor(index: Pick<IndexDatabase, 'fills' | 'write'>, options: FillQueueOptions) {
    this.#index = index;
    this.#options = options;
    for (const { key, value } of index.fills.getRange({})) {
      const entry = { ...value, key, written: Promise.resolve() };
      this.#entries.set(idOf(value.job), entry);
      this.#schedule(entry);
    }
  }

  async enqueue(jobs: readonly FillJob[]): Promise<void> {
    const fresh = new Map<string, FillJob>();
    for (const job of jobs) if (!this.#entries.has(idOf(job))) fresh.set(idOf(job), job);
    const written = this.#write([...fresh.values()]);
    for (const [id, job] of fresh) {
      this.#entries.set(id, { job, attempts: 0, notBefore: 0, key: rowOf(job), written });
    }
    // A job that another call is just writing is accepted only when that call's write is done.
    await Promise.all(jobs.map((job) => this.#entries.get(idOf(job))?.written));
  }

  /** Begins to handle jobs, also those of an earlier process. Called once. */
  start(handler: FillHandler): void {
    this.#handler = handler;
    this.#next();
  }

  /** Aborts the handlers that run and resolves when they ended. Their jobs stay for next time. */
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
      await this.#index.write(() => {
        for (const job of jobs) {
          void this.#index.fills.put(rowOf(job), { job, attempts: 0, notBefore: 0 });
        }
      });
    } catch (error) {
      for (const job of jobs) this.#entries.delete(idOf(job));
      throw error;
    }
    for (const job of jobs) this.#ready.add(idOf(job));
    this.#next();
  }

  #schedule(entry: Entry): void {
    const id = idOf(entry.job);
    const delay = Math.min(entry.notBefore - this.#options.now(), longestDelay);
    if (delay <= 0) {
      this.#ready.add(id);
      return;
    }
    const wake = () => {
      this.#timers.delete(id);
      this.#ready.add(id);
      this.#next();
    };
    this.#timers.set(id, setTimeout(wake, delay).unref());
  }

  #next(): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    for (const id of this.#ready) {
      if (this.#stopping.signal.aborted || this.#running.size >= this.#options.concurrency) return;
      this.#ready.delete(id);
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      const run = this.#run(handler, entry).finally(() => {
        this.#running.delete(run);
        this.#next();
      });
      this.#running.add(run);
    }
  }

  /** Does not reject: a job whose end could not be written is handled again at the next start. */
  async #run(handler: FillHandler, entry: Entry): Promise<void> {
    const outcome = await outcomeOf(handler, entry, this.#stopping.signal);
    if (this.#stopping.signal.aborted && outcome.kind !== 'done') return;
    try {
      if (outcome.kind === 'done') await this.#remove(entry);
      else if (outcome.kind === 'given-up') await this.#giveUp(entry, outcome.reason);
      else await this.#retry(entry, outcome);
    } catch {
      // The index fails: in memory the outcome holds all the same.
    }
  }

  async #retry(entry: Entry, outcome: Extract<FillOutcome, { kind: 'retry' }>): Promise<void> {
    const attempts = entry.attempts + 1;
    if (attempts >= mostAttempts) return this.#giveUp(entry, outcome.reason);
    const notBefore = this.#options.now() + Math.max(0, outcome.afterSeconds) * 1000;
    const again = { ...entry, attempts, notBefore };
    this.#entries.set(idOf(entry.job), again);
    if (!this.#stopping.signal.aborted) this.#schedule(again);
    const { fills, write } = this.#index;
    await write(() => void fills.put(entry.key, { job: entry.job, attempts, notBefore }));
  }

  async #giveUp(entry: Entry, reason: string): Promise<void> {
    await this.#remove(entry);
    this.#options.onGivenUp?.(entry.job, reason);
  }

  async #remove(entry: Entry): Promise<void> {
    // Forgotten first: a job queued while this is written must be written after it.
    this.#entries.delete(idOf(entry.job));
    const { fills, write } = this.#index;
    await write(() => void fills.remove(entry.key));
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
    return { kind: 'retry', afterSeconds: brokenHandlerPause, reason: String(error) };
  }
}

function rowOf(job: FillJob): [string, string] {
  return [repositoryKey(job.repository), job.blob.digest];
}

function idOf(job: FillJob): string {
  return rowOf(job).join('@');
}
