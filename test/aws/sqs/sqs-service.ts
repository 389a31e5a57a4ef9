import { nodeHashing } from '../../../functions/aws/hashing.ts';
import { createJsonService, type JsonService } from '../../../functions/aws/json-service.ts';
import { createSigner } from '../../../functions/core/signing/signer.ts';

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
