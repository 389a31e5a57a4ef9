import type { FillQueues } from '../../../functions/aws/sqs/fill-queue.ts';
import { openSqs, SqsQueue, type SqsService } from '../../../functions/aws/sqs/queue.ts';

/** The queues at these URLs, as the stores on AWS open them. */
export function fillQueues(service: SqsService, queueUrl: string, deadUrl?: string): FillQueues {
  const deadLetters = deadUrl === undefined ? undefined : new SqsQueue(service, deadUrl);
  return { queue: new SqsQueue(service, queueUrl), deadLetters };
}

/** A client of the SQS at `endpoint`, with made-up credentials. */
export function sqsService(endpoint: string): SqsService {
  return openSqs({
    region: 'us-east-1',
    credentials: () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up for the test' }),
    endpoint: new URL(endpoint),
  });
}
