import { randomUUID } from 'node:crypto';
import { batchesOf } from '../../core/bytes/batches.ts';
import {
  fillMessage,
  type ReadFillMessage,
  readFillMessage,
} from '../../core/mirror/fills/fill-message.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';
import { backOff } from '../sdk/backoff.ts';
import type { CallOptions, JsonObject, JsonService } from '../sdk/json-service.ts';
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

/** One queue of SQS. */
export class SqsQueue {
  readonly #service: JsonService;
  readonly #url: string;

  constructor(service: JsonService, url: string) {
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
    await this.#call('SendMessage', {
      MessageBody: body,
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: printable(reason).slice(0, longestReason) },
      },
    });
  }

  /** Waits for messages, `limit` (10) at most, and hides them from others for so many seconds. */
  async receive(
    limit: number,
    hiddenSeconds: number,
    signal: AbortSignal,
  ): Promise<ReceivedMessage[]> {
    const input = {
      MaxNumberOfMessages: Math.min(limit, mostOfBatch.items),
      MessageSystemAttributeNames: [receiveCount],
      VisibilityTimeout: hiddenSeconds,
      WaitTimeSeconds: longPoll,
    };
    const options = { answerTimeout: (longPoll + 5) * 1000, signal };
    const { Messages } = await this.#call('ReceiveMessage', input, options);
    return Array.isArray(Messages) ? Messages.flatMap(readMessage) : [];
  }

  /** Ends a message. */
  async remove({ receipt }: Pick<ReceivedMessage, 'receipt'>): Promise<void> {
    await this.#call('DeleteMessage', { ReceiptHandle: receipt });
  }

  /** Hides a message from others for so many seconds from now; 0 gives it back. */
  async hide({ receipt }: Pick<ReceivedMessage, 'receipt'>, seconds: number): Promise<void> {
    const whole = Math.max(0, Math.min(longestHiding, Math.ceil(seconds)));
    await this.#call('ChangeMessageVisibility', {
      ReceiptHandle: receipt,
      VisibilityTimeout: whole,
    });
  }

  #call(action: string, input: JsonObject, options?: CallOptions): Promise<JsonObject> {
    return this.#service.call(action, { QueueUrl: this.#url, ...input }, options);
  }

  async #sendBatch(bodies: readonly string[]): Promise<void> {
    let left = new Map(bodies.map((body) => [randomUUID(), body]));
    let code = '';
    for (let round = 0; round < mostRounds; round++) {
      if (round > 0) await backOff(round, pauses);
      const { Failed } = await this.#call('SendMessageBatch', {
        Entries: Array.from(left, ([Id, MessageBody]) => ({ Id, MessageBody })),
      });
      const failed = Array.isArray(Failed) ? Failed.flatMap(readFailure) : [];
      if (failed.length === 0) return;
      left = new Map([...left].filter(([id]) => failed.some((failure) => failure.id === id)));
      code = failed[0]?.code ?? '';
      if (failed.some((failure) => failure.isOurs)) break;
    }
    const about = { code: code || 'Failed', retryable: true, untouched: false };
    throw new ServiceError(`SQS did not accept ${left.size} of the messages: ${code}`, about);
  }
}

function readMessage(value: unknown): ReceivedMessage[] {
  if (typeof value !== 'object' || value === null) return [];
  const { MessageId, Body, ReceiptHandle, Attributes }: Record<string, unknown> = { ...value };
  if (typeof Body !== 'string' || typeof ReceiptHandle !== 'string') return [];
  const count: unknown = Object(Attributes)[receiveCount];
  return [
    { id: String(MessageId), body: Body, receipt: ReceiptHandle, delivery: deliveryOf(count) },
  ];
}

/** Where nobody tells the count the message may have come before. */
export function deliveryOf(count: unknown): number {
  const delivery = Number(count);
  return Number.isSafeInteger(delivery) && delivery > 0 ? delivery : 2;
}

function readFailure(value: unknown) {
  if (typeof value !== 'object' || value === null) return [];
  const { Id, Code, SenderFault }: Record<string, unknown> = { ...value };
  return [{ id: String(Id), code: String(Code ?? ''), isOurs: SenderFault === true }];
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
