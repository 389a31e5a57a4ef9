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

/** The SDK's client of SQS. */
export function openSqsClient({ settings, guard }: Service): SQSClient {
  // The service is asked for any queue, as variables and the configuration say where it is.
  const client = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  client.middlewareStack.add(guard, guardPlace);
  return client;
}
