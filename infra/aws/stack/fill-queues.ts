import { Duration, type Stack } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';

/** The queue of fills, and the one for fills that were given up. */
export interface FillQueues {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

/** What Lambda allows at most; a longer fill pauses and goes on in the next invocation. */
export const fillTimeout = Duration.minutes(15);

/**
 * How long a message stays hidden once it was received. Lambda asks for at least the function's
 * timeout, and advises six times as much for functions that are throttled. This one is not: its
 * event source takes no more messages than may run. So a fill whose function died comes back soon.
 */
const visibilityTimeout = Duration.minutes(16);

/**
 * How often a message may come. A fill that fails comes back after 10 s, 20 s, 40 s and so on, up to
 * half an hour (core/mirror/fills/handle-fill.ts): the twentieth time after six hours of an outage.
 */
const maxReceiveCount = 20;

/** Adds the two queues, both encrypted and reached by TLS only. */
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
