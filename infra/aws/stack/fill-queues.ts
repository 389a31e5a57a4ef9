import { Duration, type Stack } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';

/** The queue of fills, and the queue for those that were given up. */
export interface FillQueues {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

/** The most that Lambda allows. A longer fill pauses and resumes in the next invocation. */
export const fillTimeout = Duration.minutes(15);

/**
 * Lambda requires at least the function's timeout, and recommends six times as much in case the function
 * is throttled. This one is not, because its event source limits the concurrency. A short timeout
 * redelivers the fill of a crashed function soon.
 */
const visibilityTimeout = Duration.minutes(16);

/**
 * A failed fill is retried after 10 s, 20 s, 40 s and so on, up to half an hour
 * (core/mirror/fills/handle-fill.ts). The twentieth try is after six hours of an outage.
 */
const maxReceiveCount = 20;

/** Adds the two queues. */
export function addFillQueues(stack: Stack): FillQueues {
  const deadLetters = new Queue(stack, 'DeadLetters', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const queue = new Queue(stack, 'Fills', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(4),
    visibilityTimeout,
    deadLetterQueue: { queue: deadLetters, maxReceiveCount },
  });
  return { queue, deadLetters };
}
