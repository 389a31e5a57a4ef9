import { setTimeout } from 'node:timers/promises';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import { defer, deferredJob } from '../../core/mirror/fills/registry-share.ts';
import type { FillHandler, FillJob, FillOutcome, FillQueue } from '../../core/ports/fill-queue.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import type { ServedFillQueue, StoreListeners } from '../../node/server-platform.ts';
import { type FillGroup, fillText, groupsOf, groupText, readFillText } from './message-text.ts';
import type { NewMessage, ReceivedMessage, SqsQueue } from './queue.ts';

/** The fill queue on SQS, where each registry is a group with its share. Two jobs for one blob are harmless: the blob's lease picks one. */
export class SqsFillQueue implements FillQueue {
  readonly #queue: SqsQueue;

  constructor(queue: SqsQueue) {
    this.#queue = queue;
  }

  enqueue(jobs: readonly FillJob[]): Promise<void> {
    return this.#queue.send(groupsOf(jobs).map((group) => messageOf(group)));
  }
}

function messageOf(group: FillGroup, delaySeconds?: number): NewMessage {
  return { body: groupText(group), group: group[0].repository.registry, delaySeconds };
}

/** Where fills come from, and where those go that were given up. */
export interface FillQueues {
  readonly queue: SqsQueue;
  /** Without it, fills that were given up are only reported. */
  readonly deadLetters: SqsQueue | undefined;
}

export interface MessageOptions extends StoreListeners {
  /** How long a message stays hidden after the last sign of life of its handler, in seconds. */
  readonly hiddenSeconds: number;
  /** Set if receiving hid the message for another time, which `hiddenSeconds` then replaces. */
  readonly hideFirst?: boolean;
}

/** The retry after a handler rejected, which is a bug, in seconds. */
const failedHandlerPause = 10;

/**
 * Handles a message: keeps it hidden meanwhile, and settles it but for its removal. Resolves to true
 * if it is to be removed, else it will be redelivered. Does not reject.
 */
export async function handleMessage(
  { queue, deadLetters }: FillQueues,
  message: ReceivedMessage,
  handle: HandleGroup,
  options: MessageOptions,
): Promise<boolean> {
  const read = readFillText(message.body);
  try {
    if (read.kind !== 'jobs') {
      options.onProblem(`message ${message.id}: ${read.reason}`);
      await deadLetters?.sendGivenUp(message.body, read.reason);
      return true;
    }
    const outcomes = await whileHidden(queue, message, options, read.jobs, handle);
    for (const [at, job] of read.jobs.entries()) {
      const outcome = outcomes[at];
      if (outcome?.kind !== 'given-up') continue;
      options.onGivenUp(job, outcome.reason);
      await deadLetters?.sendGivenUp(fillText(job), outcome.reason);
    }
    const pauses = outcomes.flatMap((one) => (one.kind === 'retry' ? [one.afterSeconds] : []));
    if (pauses.length === outcomes.length) {
      await queue.hide(
        message,
        pauses.reduce((most, pause) => Math.max(most, pause), 0),
      );
      return false;
    }
    await queue.send(againOf(read.jobs, outcomes, message.delivery));
    return true;
  } catch (error) {
    options.onProblem(`settle fill: ${reasonOf(error)}`);
    return false;
  }
}

/** Handles the jobs of a message; the outcomes are in their order. */
export type HandleGroup = (jobs: FillGroup) => Promise<readonly FillOutcome[]>;

/**
 * The new messages of what is left of a message: one for deferred jobs, as if it was never received, and
 * one for each job that failed while others did not.
 */
function againOf(
  jobs: FillGroup,
  outcomes: readonly FillOutcome[],
  delivery: number,
): NewMessage[] {
  const pausesOf = (kind: FillOutcome['kind']) =>
    jobs.flatMap((job, at) => {
      const outcome = outcomes[at];
      if (outcome?.kind !== kind || !('afterSeconds' in outcome)) return [];
      return [{ job, afterSeconds: outcome.afterSeconds }];
    });
  const failed = pausesOf('retry').map(({ job, afterSeconds }) =>
    messageOf([{ ...job, deliveries: (job.deliveries ?? 0) + delivery }], afterSeconds),
  );
  const deferred = pausesOf('deferred');
  const pause = deferred.reduce((most, { afterSeconds }) => Math.max(most, afterSeconds), 0);
  const groups = groupsOf(deferred.map(({ job }) => deferredJob(job)));
  return [...failed, ...groups.map((group) => messageOf(group, pause))];
}

async function whileHidden(
  queue: SqsQueue,
  message: ReceivedMessage,
  { hiddenSeconds, hideFirst = false, onProblem }: MessageOptions,
  jobs: FillGroup,
  handle: HandleGroup,
): Promise<readonly FillOutcome[]> {
  const hide = () => {
    queue.hide(message, hiddenSeconds).catch((error: unknown) => {
      onProblem(`keep fill: ${reasonOf(error)}`);
    });
  };
  if (hideFirst) hide();
  const heartbeat = setInterval(hide, (hiddenSeconds * 1000) / 3);
  try {
    return await handle(jobs);
  } catch (error) {
    const reason = reasonOf(error);
    return jobs.map(() => ({ kind: 'retry', afterSeconds: failedHandlerPause, reason }));
  } finally {
    clearInterval(heartbeat);
  }
}

/** How many fills a server handles at once. A registry without one of them may have one more. */
const concurrency = 4;

/** If no fill ends for this long, fills of other registries do not wait for one, in ms. */
const slowFills = 1000;

/** How many messages are looked through for such fills at once. */
const lookAhead = 10;

/** The pause of a failed job for which there is no place, in seconds. */
const retryPause = 30;

/** The pause after the queue failed, in ms. */
const failedQueuePause = 2000;

/** The fill queue for a server, which also handles the fills. */
export class ServedSqsFillQueue extends SqsFillQueue implements ServedFillQueue {
  readonly #queues: FillQueues;
  readonly #options: MessageOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** How many fills of each registry are running. */
  readonly #busy = new Map<string, number>();
  #polling: Promise<void> | undefined;

  constructor(queues: FillQueues, options: StoreListeners & Partial<MessageOptions>) {
    super(queues.queue);
    this.#queues = queues;
    this.#options = { hiddenSeconds: 100, ...options };
  }

  /** Starts to handle messages. Call it once. */
  start(handler: FillHandler): void {
    this.#polling ??= this.#poll(handler);
  }

  /** Aborts the running handlers, waits for them and gives their messages back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
    await Promise.all(this.#running);
  }

  async #poll(handler: FillHandler): Promise<void> {
    const { signal } = this.#stopping;
    const { hiddenSeconds, onProblem } = this.#options;
    while (!signal.aborted) {
      const free = concurrency - this.#running.size;
      if (free <= 0 && (await this.#oneEnds())) continue;
      try {
        const limit = free > 0 ? free : lookAhead;
        const messages = await this.#queues.queue.receive(limit, hiddenSeconds, signal);
        await Promise.all(messages.map((message) => this.#begin(handler, message)));
      } catch (error) {
        if (signal.aborted) return;
        onProblem(`receive fills: ${reasonOf(error)}`);
        await setTimeout(failedQueuePause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** True if a fill ends soon. */
  async #oneEnds(): Promise<boolean> {
    const ended = Promise.race(this.#running).then(() => true);
    return (await withTimeout(slowFills, ended)) === true;
  }

  /**
   * Starts to handle a message. Resolves when it runs, or is deferred because other fills of its
   * registry hold the places: slow layers of one registry must not stop the fills of others.
   */
  async #begin(handler: FillHandler, message: ReceivedMessage): Promise<void> {
    const read = readFillText(message.body);
    const registry = read.kind === 'jobs' ? read.jobs[0].repository.registry : '';
    const busy = this.#busy.get(registry) ?? 0;
    if (this.#running.size >= concurrency && busy > 0) {
      return this.#settle(message, async (jobs) =>
        jobs.map((job) => deferred(job, message.delivery)),
      );
    }
    this.#busy.set(registry, busy + 1);
    const run = this.#handle(handler, message).finally(() => {
      this.#running.delete(run);
      this.#busy.set(registry, (this.#busy.get(registry) ?? 1) - 1);
    });
    this.#running.add(run);
  }

  #handle(handler: FillHandler, message: ReceivedMessage): Promise<void> {
    const { signal } = this.#stopping;
    const handle = async (job: FillJob): Promise<FillOutcome> => {
      const outcome = await handler(job, signal, message.delivery);
      // Another process can take a job at once that this one was stopped in.
      return signal.aborted && outcome.kind === 'retry' ? { ...outcome, afterSeconds: 0 } : outcome;
    };
    return this.#settle(message, (jobs) => Promise.all(jobs.map(handle)));
  }

  async #settle(message: ReceivedMessage, handle: HandleGroup): Promise<void> {
    if (!(await handleMessage(this.#queues, message, handle, this.#options))) return;
    await this.#queues.queue.remove(message).catch((error: unknown) => {
      this.#options.onProblem(`settle fill: ${reasonOf(error)}`);
    });
  }
}

/** A job that failed before keeps its message, and so the queue's count of its deliveries. */
function deferred(job: FillJob, delivery: number): FillOutcome {
  const outcome = defer(job, Math.random());
  return delivery === 1 ? outcome : { ...outcome, kind: 'retry', afterSeconds: retryPause };
}
