import type { FillHandler, FillJob } from '../../core/ports/fill-queue.ts';
import type { ServedFillQueue } from '../../node/stores.ts';
import type { JsonService } from '../json-service.ts';
import { FillConsumer, type FillConsumerOptions } from './fill-consumer.ts';
import { fillMessage } from './fill-message.ts';
import { SqsQueue } from './queue.ts';

/** Where fills are queued. */
export interface SqsFillQueueOptions extends FillConsumerOptions {
  readonly queueUrl: string;
  /** For fills that were given up, with the reason; they are only told when it is absent. */
  readonly deadLetterQueueUrl?: string | undefined;
}

/**
 * The fill queue on SQS. A function only enqueues, and SQS starts the one that fills; a server
 * starts a consumer here. Jobs of one blob that are queued twice meet at the blob's lease.
 */
export class SqsFillQueue implements ServedFillQueue {
  readonly #queue: SqsQueue;
  readonly #consumer: FillConsumer;

  constructor(service: JsonService, options: SqsFillQueueOptions) {
    const { queueUrl, deadLetterQueueUrl } = options;
    this.#queue = new SqsQueue(service, queueUrl);
    const deadLetters =
      deadLetterQueueUrl === undefined ? undefined : new SqsQueue(service, deadLetterQueueUrl);
    this.#consumer = new FillConsumer({ queue: this.#queue, deadLetters }, options);
  }

  enqueue(jobs: readonly FillJob[]): Promise<void> {
    return this.#queue.send(jobs.map(fillMessage));
  }

  start(handler: FillHandler): void {
    this.#consumer.start(handler);
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }
}
