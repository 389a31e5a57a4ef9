import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  type ReceivedMessage,
  SqsQueue,
  type SqsService,
} from '../../../functions/aws/sqs/queue.ts';
import type { FunctionPool } from './function-pool.ts';

/** Where messages come from, and how long each is hidden while it is worked on. */
export interface EventSourceOptions {
  readonly service: SqsService;
  readonly queueUrl: string;
  readonly hiddenSeconds: number;
  /** Invocations at once. */
  readonly most: number;
}

/** Lambda's poller of a queue, with one message an invocation and ReportBatchItemFailures. */
export class EventSource {
  readonly #queue: SqsQueue;
  readonly #options: EventSourceOptions;
  readonly #pool: FunctionPool;
  readonly #stop = new AbortController();
  readonly #pollers: Promise<void>[];

  constructor(pool: FunctionPool, options: EventSourceOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#queue = new SqsQueue(options.service, options.queueUrl);
    this.#pollers = Array.from({ length: options.most }, () => this.#poll());
  }

  /** Asks for no more messages. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when nothing is under way any more, after `stop`. */
  async ended(): Promise<void> {
    await Promise.all(this.#pollers);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const received = await this.#queue
        .receive(1, this.#options.hiddenSeconds, signal)
        .catch(async () => {
          // A client that knows of an outage rejects at once: without a pause nothing else would run.
          await new Promise((resolve) => setTimeout(resolve, 100));
          return [];
        });
      for (const message of received) await this.#handOver(message);
    }
  }

  /** A message whose invocation fails stays hidden for its time, and then comes again. */
  async #handOver(message: ReceivedMessage): Promise<void> {
    try {
      const result = await this.#pool.invoke(eventOf(message, this.#options.queueUrl));
      const { batchItemFailures }: SQSBatchResponse = JSON.parse(result);
      if (batchItemFailures.some(({ itemIdentifier }) => itemIdentifier === message.id)) return;
      await this.#queue.remove(message);
    } catch {
      // As above.
    }
  }
}

/** The event of one message (Lambda, "Using Lambda with Amazon SQS"). */
function eventOf({ id, body, receipt, delivery }: ReceivedMessage, queueUrl: string): SQSEvent {
  const now = String(Date.now());
  return {
    Records: [
      {
        messageId: id,
        receiptHandle: receipt,
        body,
        attributes: {
          ApproximateReceiveCount: String(delivery),
          SentTimestamp: now,
          SenderId: 'test',
          ApproximateFirstReceiveTimestamp: now,
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${new URL(queueUrl).pathname.split('/').at(-1)}`,
        awsRegion: 'us-east-1',
      },
    ],
  };
}
