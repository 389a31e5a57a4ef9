import type { FillHandler, FillJob, FillQueue } from '../../core/ports/fill-queue.ts';
import type { ServedFillQueue } from '../../node/stores.ts';
import { FillConsumer, type FillConsumerOptions, type FillQueues } from './fill-consumer.ts';
import { fillText, type SqsQueue } from './queue.ts';

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
