import { nodeHashing } from '../../../functions/aws/sdk/aws-credentials.ts';
import { createJsonService, type JsonService } from '../../../functions/aws/sdk/json-service.ts';
import type { FillQueues } from '../../../functions/aws/sqs/fill-queue.ts';
import { SqsQueue } from '../../../functions/aws/sqs/queue.ts';
import { createSigner } from '../../../functions/core/signing/presigner.ts';

/** The queues at these URLs, as the stores on AWS open them. */
export function fillQueues(service: JsonService, queueUrl: string, deadUrl?: string): FillQueues {
  const deadLetters = deadUrl === undefined ? undefined : new SqsQueue(service, deadUrl);
  return { queue: new SqsQueue(service, queueUrl), deadLetters };
}

/** A client of the SQS at `endpoint`, with made-up credentials. */
export function sqsService(endpoint: string): JsonService {
  const signer = createSigner({
    service: 'sqs',
    region: 'us-east-1',
    credentials: () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'made up for the test' }),
    now: Date.now,
    hashing: nodeHashing,
  });
  return createJsonService({ target: 'AmazonSQS', endpoint, signer });
}
