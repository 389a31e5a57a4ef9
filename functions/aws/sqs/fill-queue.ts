import { setTimeout } from 'node:timers/promises';
import type { FillHandler, FillJob, FillOutcome, FillQueue } from '../../core/ports/fill-queue.ts';
import type { ServedFillQueue } from '../../node/server-platform.ts';
import { fillText, type ReceivedMessage, readFillText, type SqsQueue } from './queue.ts';

/**
 * The fill queue on SQS, for a function: SQS itself starts the one that fills. Jobs of one blob
 * that are queued twice meet at the blob's lease.
 */
export class SqsFillQueue implements FillQueue {
  readonly #queue: SqsQueue;

  constructor(queue: SqsQueue) {
    this.#queue = queue;
  }

  enqueue(jobs: readonly FillJob[]): Promise<void> {
    return this.#queue.send(jobs.map(fillText));
  }
}

/** The same queue for a server, which takes the fills out of it as well. */
export class ServedSqsFillQueue extends SqsFillQueue implements ServedFillQueue {
  readonly #consumer: FillConsumer;

  constructor(queues: FillQueues, options: FillConsumerOptions) {
    super(queues.queue);
    this.#consumer = new FillConsumer(queues, options);
  }

  start(handler: FillHandler): void {
    this.#consumer.start(handler);
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }
}

/** What a consumer tells, and how much it does at once. */
export interface FillConsumerOptions {
  /** Jobs handled at once; 4 when absent. */
  readonly concurrency?: number;
  /** How long a message is hidden from others without a sign of its handler, in seconds; 100. */
  readonly hiddenSeconds?: number;
  /** Called with each job that will not be tried again. */
  onGivenUp(job: FillJob, reason: string): void;
  /** Called with what went wrong besides: an unreadable message, a queue that fails. */
  onProblem(reason: string): void;
}

/** The pause after a queue that failed, in ms. */
const failurePause = 2000;
/** The pause after a handler that rejected, which it should not, in seconds. */
const brokenHandlerPause = 10;

/** Takes fills out of the queue and has them handled, until it is stopped. */
class FillConsumer {
  readonly #queues: FillQueues;
  readonly #options: FillConsumerOptions;
  readonly #concurrency: number;
  readonly #hiddenSeconds: number;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;

  constructor(queues: FillQueues, options: FillConsumerOptions) {
    this.#queues = queues;
    this.#options = options;
    this.#concurrency = options.concurrency ?? 4;
    this.#hiddenSeconds = options.hiddenSeconds ?? 100;
  }

  /** Begins to handle messages. Called once. */
  start(handler: FillHandler): void {
    this.#polling ??= this.#poll(handler);
  }

  /** Aborts the handlers that run and resolves when they ended. Their messages are given back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
    await Promise.all(this.#running);
  }

  async #poll(handler: FillHandler): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const free = this.#concurrency - this.#running.size;
      if (free <= 0) {
        await Promise.race(this.#running);
        continue;
      }
      try {
        const messages = await this.#queues.queue.receive(free, this.#hiddenSeconds, signal);
        for (const message of messages) this.#run(handler, message);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onProblem(`receive fills: ${messageOf(error)}`);
        await setTimeout(failurePause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #run(handler: FillHandler, message: ReceivedMessage): void {
    const run = this.#handle(handler, message).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Does not reject: a message that could not be settled comes again. */
  async #handle(handler: FillHandler, message: ReceivedMessage): Promise<void> {
    const read = readFillText(message.body);
    let outcome: FillOutcome;
    if (read.kind === 'job') {
      outcome = await this.#outcomeOf(handler, read.job, message);
      if (outcome.kind === 'given-up') this.#options.onGivenUp(read.job, outcome.reason);
    } else {
      outcome = { kind: 'given-up', reason: read.reason };
      this.#options.onProblem(`message ${message.id}: ${read.reason}`);
    }
    try {
      await settleMessage(this.#queues, message, outcome);
    } catch (error) {
      this.#options.onProblem(`settle fill: ${messageOf(error)}`);
    }
  }

  /** What became of a job. While its handler runs, the message is kept from the others. */
  async #outcomeOf(
    handler: FillHandler,
    job: FillJob,
    message: ReceivedMessage,
  ): Promise<FillOutcome> {
    const { signal } = this.#stopping;
    const heartbeat = setInterval(
      () => {
        this.#queues.queue.hide(message, this.#hiddenSeconds).catch((error: unknown) => {
          this.#options.onProblem(`keep fill: ${messageOf(error)}`);
        });
      },
      (this.#hiddenSeconds * 1000) / 3,
    );
    try {
      const outcome = await handler(job, signal, message.delivery);
      // Stopped in the middle: the next process takes it at once.
      return signal.aborted && outcome.kind === 'retry' ? { ...outcome, afterSeconds: 0 } : outcome;
    } catch (error) {
      return { kind: 'retry', afterSeconds: brokenHandlerPause, reason: messageOf(error) };
    } finally {
      clearInterval(heartbeat);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where a message came from, and where it goes when nobody can handle it. */
export interface FillQueues {
  readonly queue: SqsQueue;
  /** Undefined: what is given up is only told, not kept. */
  readonly deadLetters: SqsQueue | undefined;
}

/** Does with a message what became of its job. Rejects when a queue fails: it then comes again. */
async function settleMessage(
  { queue, deadLetters }: FillQueues,
  message: ReceivedMessage,
  outcome: FillOutcome,
): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      return queue.remove(message);
    case 'retry':
      return queue.hide(message, outcome.afterSeconds);
    case 'given-up':
      // Kept before it is removed: twice among the dead is better than nowhere.
      await deadLetters?.sendGivenUp(message.body, outcome.reason);
      return queue.remove(message);
  }
}
