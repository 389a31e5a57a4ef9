import { randomUUID } from 'node:crypto';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from '../../core/bytes/batches.ts';
import {
  fillMessage,
  type ReadFillMessage,
  readFillMessage,
} from '../../core/mirror/fills/fill-message.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';
import { backOff } from '../sdk/backoff.ts';
import { openService, type ServiceOptions } from '../sdk/service.ts';
import { ServiceError } from '../sdk/service-error.ts';

/** SQS's bounds of one SendMessageBatch: messages, and bytes of all of them (1 MiB, less some). */
const mostOfBatch = { items: 10, bytes: 1_000_000 };

const mostRounds = 4;
const pauses = { first: 50 };

/** SQS's longest time that a message may be hidden, in seconds. */
const longestHiding = 12 * 3600;

/** How long a receive waits for a message, in seconds: SQS's longest. */
const longPoll = 20;

/** A reason is cut to this length when it is written beside a message. In letters. */
const longestReason = 1000;

/** A message that was received. */
export interface ReceivedMessage {
  readonly id: string;
  readonly body: string;
  /** What this receiver proves itself by. */
  readonly receipt: string;
  /** How often it was received, this time included. */
  readonly delivery: number;
}

/** A message's count of receives, in SQS's words. */
const receiveCount = 'ApproximateReceiveCount';

/** The client of SQS, loaded with the first call: a pull of what is stored makes none. */
export interface SqsService {
  load(): Promise<typeof import('./sqs-client.ts') & { readonly client: SQSClient }>;
  /** Ends the connections. */
  close(): void;
}

/** Nothing is loaded or connected before the first call. */
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

/** One queue of SQS. */
export class SqsQueue {
  readonly #service: SqsService;
  readonly #url: string;

  constructor(service: SqsService, url: string) {
    this.#service = service;
    this.#url = url;
  }

  /** Sends messages, however few one call takes. Rejects unless all were accepted. */
  async send(bodies: readonly string[]): Promise<void> {
    for (const batch of batchesOf(bodies, Buffer.byteLength, mostOfBatch))
      await this.#sendBatch(batch);
  }

  /** Sends one message with the reason it could not be handled for. */
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

  /** Waits for messages, `limit` (10) at most, and hides them from others for so many seconds. */
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

  /** Ends a message. */
  async remove({ receipt }: Pick<ReceivedMessage, 'receipt'>): Promise<void> {
    const { client, DeleteMessageCommand } = await this.#service.load();
    await client.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: receipt }));
  }

  /** Hides a message from others for so many seconds from now; 0 gives it back. */
  async hide({ receipt }: Pick<ReceivedMessage, 'receipt'>, seconds: number): Promise<void> {
    const { client, ChangeMessageVisibilityCommand } = await this.#service.load();
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle: receipt,
      VisibilityTimeout: Math.max(0, Math.min(longestHiding, Math.ceil(seconds))),
    });
    await client.send(command);
  }

  async #sendBatch(bodies: readonly string[]): Promise<void> {
    const { client, SendMessageBatchCommand } = await this.#service.load();
    let left = new Map(bodies.map((body) => [randomUUID(), body]));
    let code = '';
    for (let round = 0; round < mostRounds; round++) {
      if (round > 0) await backOff(round, pauses);
      const command = new SendMessageBatchCommand({
        QueueUrl: this.#url,
        Entries: Array.from(left, ([Id, MessageBody]) => ({ Id, MessageBody })),
      });
      const { Failed = [] } = await client.send(command);
      if (Failed.length === 0) return;
      left = new Map([...left].filter(([id]) => Failed.some(({ Id }) => Id === id)));
      code = Failed[0]?.Code ?? '';
      if (Failed.some(({ SenderFault }) => SenderFault === true)) break;
    }
    const message = `SQS did not accept ${left.size} of the messages: ${code}`;
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

/** Where nobody tells the count the message may have come before. */
export function deliveryOf(count: unknown): number {
  const delivery = Number(count);
  return Number.isSafeInteger(delivery) && delivery > 0 ? delivery : 2;
}

/** SQS refuses control characters in a message. */
function printable(reason: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
  return reason.replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ').trim() || 'no reason was given';
}

/**
 * A fill as the body of a message. It is ASCII: SQS refuses some characters, and a media type that
 * has one must not keep the other blobs of its manifest from being filled.
 */
export function fillText(job: FillJob): string {
  return JSON.stringify(fillMessage(job)).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads the body of a message. Who may send to the queue may have written anything. */
export function readFillText(body: string): ReadFillMessage {
  return readFillMessage(parseJson(body));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
