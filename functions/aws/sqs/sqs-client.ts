import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { guardPlace, type Service } from '../sdk/service.ts';

export {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
};

/** Creates the SDK's client of SQS. */
export function openSqsClient({ settings, guard }: Service): SQSClient {
  // Use the configured endpoint instead of the one in the queue's URL.
  const client = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  client.middlewareStack.add(guard, guardPlace);
  return client;
}
