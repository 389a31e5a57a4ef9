import { createHash, randomUUID } from 'node:crypto';

/** What an operation is asked, unchecked. */
export type Input = Readonly<Record<string, unknown>>;

/** How a queue is made. */
export interface QueueOptions {
  /** In seconds; 30 when absent, as in SQS. */
  readonly visibilityTimeout?: number;
  /** After so many receives a message goes to the queue of this name. */
  readonly redrive?: { readonly deadLetterQueue: string; readonly maxReceiveCount: number };
  /** Ms since 1970. */
  readonly now?: () => number;
}

/** A refusal with SQS's own code. */
export class SqsFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A message of a queue, as a test looks at it. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: unknown;
  readonly group: unknown;
  receives: number;
  /** Until when it is hidden, in ms since 1970. */
  hiddenUntil: number;
  /** Of its last receive only; older ones are not taken any more. */
  receipt: string | undefined;
}

const mebibyte = 1_048_576;
const longestHiding = 43_200;
const longestDelay = 900;

/** One queue: what SQS promises of order, hiding and redrive, and what it refuses. */
export class StoredQueue {
  readonly messages = new Map<string, StoredMessage>();
  readonly #options: QueueOptions;
  readonly #deadLetters: StoredQueue | undefined;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(options: QueueOptions, deadLetters: StoredQueue | undefined) {
    this.#options = options;
    this.#deadLetters = deadLetters;
    this.#now = options.now ?? Date.now;
  }

  /** The bodies of all messages, hidden or not. */
  get bodies(): string[] {
    return [...this.messages.values()].map(({ body }) => body);
  }

  /** Lets receives that wait look again: after a test moved the clock. */
  wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  async operate(action: string, input: Input, gone: AbortSignal): Promise<object> {
    switch (action) {
      case 'SendMessage':
        return this.#accept(input);
      case 'SendMessageBatch':
        return this.#acceptBatch(input);
      case 'ReceiveMessage':
        return this.#receive(input, gone);
      case 'DeleteMessage':
        return this.#delete(input);
      case 'ChangeMessageVisibility':
        return this.#hide(input);
      default:
        throw new SqsFault('InvalidAction', action);
    }
  }

  #accept({ MessageBody, MessageAttributes }: Input): object {
    checkBody(MessageBody);
    for (const value of Object.values(MessageAttributes ?? {})) checkAttribute(value);
    return this.#keep(String(MessageBody), MessageAttributes);
  }

  #keep(body: string, attributes: unknown, { DelaySeconds, MessageGroupId }: Input = {}) {
    const id = randomUUID();
    const delay = whole(DelaySeconds ?? 0, 0, longestDelay);
    const hiddenUntil = delay === 0 ? 0 : this.#now() + delay * 1000;
    const hidden = { receives: 0, hiddenUntil, receipt: undefined };
    this.messages.set(id, { id, body, attributes, group: MessageGroupId, ...hidden });
    this.wake();
    return { MessageId: id, MD5OfMessageBody: md5(body) };
  }

  #acceptBatch({ Entries }: Input): object {
    if (!Array.isArray(Entries) || Entries.length === 0) {
      throw new SqsFault('EmptyBatchRequest', 'no entries');
    }
    if (Entries.length > 10) throw new SqsFault('TooManyEntriesInBatchRequest', 'over 10');
    const ids = Entries.map((entry) => String(entry.Id));
    if (new Set(ids).size < ids.length) throw new SqsFault('BatchEntryIdsNotDistinct', 'twice');
    if (!ids.every((id) => /^[\w-]{1,80}$/.test(id))) throw new SqsFault('InvalidBatchEntryId', '');
    for (const { MessageBody, MessageGroupId } of Entries) {
      checkBody(MessageBody);
      checkGroup(MessageGroupId);
    }
    const bytes = Entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody), 0);
    if (bytes > mebibyte) throw new SqsFault('BatchRequestTooLong', `${bytes} bytes`);
    const kept = Entries.map((entry) => ({
      Id: entry.Id,
      ...this.#keep(entry.MessageBody, entry.MessageAttributes, entry),
    }));
    return { Successful: kept, Failed: [] };
  }

  async #receive(input: Input, gone: AbortSignal): Promise<object> {
    const limit = whole(input.MaxNumberOfMessages ?? 1, 1, 10);
    const seconds = whole(input.WaitTimeSeconds ?? 0, 0, 20);
    const hidden = whole(
      input.VisibilityTimeout ?? this.#options.visibilityTimeout ?? 30,
      0,
      longestHiding,
    );
    const until = Date.now() + seconds * 1000;
    const asked = Array.isArray(input.MessageSystemAttributeNames)
      ? input.MessageSystemAttributeNames
      : [];
    const isCounted = asked.includes('ApproximateReceiveCount');
    let taken = this.#take(limit, hidden, isCounted);
    while (taken.length === 0 && Date.now() < until && !gone.aborted && !this.#closed) {
      await this.#change(until, gone);
      if (!gone.aborted) taken = this.#take(limit, hidden, isCounted);
    }
    return taken.length === 0 ? {} : { Messages: taken };
  }

  /** Waits for a message to come, or to come back. */
  #change(until: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const backs = [...this.messages.values()].map(({ hiddenUntil }) => hiddenUntil - this.#now());
      const soonest = Math.min(until - Date.now(), ...backs.filter((left) => left > 0));
      const timer = setTimeout(end, Math.max(1, soonest));
      gone.addEventListener('abort', end);
      this.#waiting.add(end);
    });
  }

  #take(limit: number, hiddenSeconds: number, isCounted: boolean): object[] {
    const now = this.#now();
    const taken: object[] = [];
    for (const message of this.messages.values()) {
      if (taken.length === limit) break;
      if (message.hiddenUntil > now) continue;
      const most = this.#options.redrive?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
      if (message.receives >= most) {
        this.messages.delete(message.id);
        this.#deadLetters?.messages.set(message.id, { ...message, receives: 0 });
        continue;
      }
      message.receives += 1;
      message.hiddenUntil = now + hiddenSeconds * 1000;
      message.receipt = `${message.id}/${message.receives}/${randomUUID()}`;
      const { id, body, receipt } = message;
      const Attributes = { ApproximateReceiveCount: String(message.receives) };
      taken.push({
        MessageId: id,
        Body: body,
        MD5OfBody: md5(body),
        ReceiptHandle: receipt,
        ...(isCounted && { Attributes }),
      });
    }
    return taken;
  }

  #delete({ ReceiptHandle }: Input): object {
    const id = idOf(ReceiptHandle);
    // Deleting what is gone already is success in SQS, as is deleting with an older receipt.
    this.messages.delete(id);
    return {};
  }

  #hide({ ReceiptHandle, VisibilityTimeout }: Input): object {
    const message = this.messages.get(idOf(ReceiptHandle));
    const seconds = whole(VisibilityTimeout, 0, longestHiding);
    const now = this.#now();
    if (message === undefined) throw new SqsFault('InvalidParameterValue', 'no such message');
    if (message.receipt !== ReceiptHandle || message.hiddenUntil <= now) {
      throw new SqsFault('MessageNotInflight', 'it is not hidden by this receipt');
    }
    message.hiddenUntil = now + seconds * 1000;
    this.wake();
    return {};
  }
}

function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

function idOf(receipt: unknown): string {
  const id = typeof receipt === 'string' ? receipt.split('/')[0] : undefined;
  if (!id || !/^[0-9a-f-]{36}$/.test(id)) throw new SqsFault('ReceiptHandleIsInvalid', '');
  return id;
}

function whole(value: unknown, least: number, most: number): number {
  const isWhole = typeof value === 'number' && Number.isInteger(value);
  if (isWhole && value >= least && value <= most) return value;
  throw new SqsFault('InvalidParameterValue', `${String(value)} is not from ${least} to ${most}`);
}

function checkBody(body: unknown): void {
  if (typeof body !== 'string' || body === '') throw new SqsFault('MissingParameter', 'no body');
  if (Buffer.byteLength(body) > mebibyte) throw new SqsFault('InvalidParameterValue', 'too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused by SQS
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(body)) {
    throw new SqsFault('InvalidMessageContents', 'a character that is not allowed');
  }
}

/** What the API reference of SendMessageBatch allows, on standard queues too (fair queues). */
function checkGroup(group: unknown): void {
  if (group === undefined) return;
  if (typeof group === 'string' && /^[!-~]{1,128}$/.test(group)) return;
  throw new SqsFault('InvalidParameterValue', 'MessageGroupId has an invalid value');
}

function checkAttribute(value: unknown): void {
  const { DataType, StringValue } = { DataType: '', StringValue: '', ...Object(value) };
  if (DataType !== 'String' || typeof StringValue !== 'string' || StringValue === '') {
    throw new SqsFault('InvalidParameterValue', 'an attribute needs its type and a value');
  }
}
