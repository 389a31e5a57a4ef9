import { randomUUID } from 'node:crypto';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from '../../core/bytes/batches.ts';
import { backOff } from '../sdk/backoff.ts';
import { openService, type ServiceOptions } from '../sdk/service.ts';
import { ServiceError } from '../sdk/service-error.ts';

/** Limits of SendMessageBatch: the number of messages, and their total size (a little below 1 MiB). */
const mostOfBatch = { items: 10, bytes: 1_000_000 };

const mostRounds = 4;
const pauses = { first: 50 };

/** The longest visibility timeout of SQS, in seconds. */
const longestHiding = 12 * 3600;

/** The longest delay of a new message, in seconds. */
const longestDelay = 900;

/** The longest wait of ReceiveMessage, in seconds. */
const longPoll = 20;

/** Reasons of given-up fills are cut to this length, in characters. */
const longestReason = 1000;

/** Of a message group, in characters. */
const longestGroup = 128;

export interface NewMessage {
  readonly body: string;
  /**
   * SQS's fair queues deliver the messages of other groups first while one group has many in flight.
   * In printable ASCII.
   */
  readonly group: string;
  /** How long it is hidden from the start, in seconds; 0 by default. */
  readonly delaySeconds?: number | undefined;
}

export interface ReceivedMessage {
  readonly id: string;
  readonly body: string;
  /** The receipt handle. */
  readonly receipt: string;
  /** How often it was received, including this time. */
  readonly delivery: number;
}

const receiveCount = 'ApproximateReceiveCount';

/** The SQS client, loaded with the first call: a pull of a stored image makes none. */
export interface SqsService {
  load(): Promise<typeof import('./sqs-client.ts') & { readonly client: SQSClient }>;
  /** Closes the connections. */
  close(): void;
}

/** Creates the client's loader. Nothing is loaded or connected before the first call. */
export function openSqs(options: ServiceOptions): SqsService {
  const service = openService('SQS', options);
  let loaded: ReturnType<SqsService['load']> | undefined;
  return {
    load() {
      loaded ??= import('./sqs-client.ts').then((sdk) => ({
        ...sdk,
        client: sdk.openSqsClient(service),
      }));
      return loaded;
    },
    close: service.connections.close,
  };
}

/** One SQS queue. */
export class SqsQueue {
  readonly #service: SqsService;
  readonly #url: string;
  /** False once the queue refused groups, as before July 2025 and by some stand-ins for SQS. */
  #hasGroups = true;

  constructor(service: SqsService, url: string) {
    this.#service = service;
    this.#url = url;
  }

  /** Sends any number of messages. Rejects unless all were accepted. */
  async send(messages: readonly NewMessage[]): Promise<void> {
    const sizeOf = ({ body }: NewMessage) => Buffer.byteLength(body);
    for (const batch of batchesOf(messages, sizeOf, mostOfBatch)) await this.#sendBatch(batch);
  }

  /** Sends a message that was given up, with the reason. */
  async sendGivenUp(body: string, reason: string): Promise<void> {
    const { client, SendMessageCommand } = await this.#service.load();
    const command = new SendMessageCommand({
      QueueUrl: this.#url,
      MessageBody: body,
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: printable(reason).slice(0, longestReason) },
      },
    });
    await client.send(command);
  }

  /** Waits for messages, at most `limit` (and 10), and hides them from others for `hiddenSeconds`. */
  async receive(
    limit: number,
    hiddenSeconds: number,
    signal: AbortSignal,
  ): Promise<ReceivedMessage[]> {
    const { client, ReceiveMessageCommand } = await this.#service.load();
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: Math.min(limit, mostOfBatch.items),
      MessageSystemAttributeNames: [receiveCount],
      VisibilityTimeout: hiddenSeconds,
      WaitTimeSeconds: longPoll,
    });
    const options = { requestTimeout: (longPoll + 5) * 1000, abortSignal: signal };
    const { Messages } = await client.send(command, options);
    return (Messages ?? []).flatMap(readMessage);
  }

  /** Deletes a message. */
  async remove({ receipt }: Pick<ReceivedMessage, 'receipt'>): Promise<void> {
    const { client, DeleteMessageCommand } = await this.#service.load();
    await client.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: receipt }));
  }

  /** Hides a message from others for the next `seconds`; 0 makes it visible. */
  async hide({ receipt }: Pick<ReceivedMessage, 'receipt'>, seconds: number): Promise<void> {
    const { client, ChangeMessageVisibilityCommand } = await this.#service.load();
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle: receipt,
      VisibilityTimeout: Math.max(0, Math.min(longestHiding, Math.ceil(seconds))),
    });
    await client.send(command);
  }

  async #sendBatch(messages: readonly NewMessage[]): Promise<void> {
    if (!this.#hasGroups) return this.#sendEntries(messages);
    try {
      await this.#sendEntries(messages);
    } catch (error) {
      const isRefused = error instanceof ServiceError && error.code === 'InvalidParameterValue';
      if (!isRefused) throw error;
      this.#hasGroups = false;
      // Those of the batch that were accepted are sent twice, which is harmless.
      await this.#sendEntries(messages);
    }
  }

  async #sendEntries(messages: readonly NewMessage[]): Promise<void> {
    const { client, SendMessageBatchCommand } = await this.#service.load();
    let left = new Map(messages.map((message) => [randomUUID(), message]));
    let code = '';
    for (let round = 0; round < mostRounds; round++) {
      if (round > 0) await backOff(round, pauses);
      const command = new SendMessageBatchCommand({
        QueueUrl: this.#url,
        Entries: Array.from(left, ([Id, { body, group, delaySeconds }]) => ({
          Id,
          MessageBody: body,
          ...(delaySeconds !== undefined && {
            DelaySeconds: Math.min(Math.ceil(delaySeconds), longestDelay),
          }),
          ...(this.#hasGroups && { MessageGroupId: group.slice(0, longestGroup) }),
        })),
      });
      const { Failed = [] } = await client.send(command);
      if (Failed.length === 0) return;
      left = new Map([...left].filter(([id]) => Failed.some(({ Id }) => Id === id)));
      code = Failed[0]?.Code ?? '';
      if (Failed.some(({ SenderFault }) => SenderFault === true)) break;
    }
    const message = `SQS did not accept ${left.size} messages: ${code}`;
    throw new ServiceError(message, { code: code || 'Failed' });
  }
}

function readMessage({
  MessageId = '',
  Body,
  ReceiptHandle,
  Attributes,
}: Message): ReceivedMessage[] {
  if (Body === undefined || ReceiptHandle === undefined) return [];
  const delivery = deliveryOf(Attributes?.[receiveCount]);
  return [{ id: MessageId, body: Body, receipt: ReceiptHandle, delivery }];
}

/** Reads the count of deliveries. Without one, the message may have been delivered before. */
export function deliveryOf(count: unknown): number {
  const delivery = Number(count);
  return Number.isSafeInteger(delivery) && delivery > 0 ? delivery : 2;
}

/** SQS refuses control characters in a message. */
function printable(reason: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
  return reason.replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ').trim() || 'unknown reason';
}
