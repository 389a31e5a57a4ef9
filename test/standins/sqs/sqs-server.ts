import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Input, type QueueOptions, SqsFault, StoredQueue } from './stored-queue.ts';

/** A queue that speaks SQS's JSON protocol, strictly: what SQS refuses is refused here. */
export interface SqsServer {
  readonly endpoint: string;
  /** Every operation that came, in order. */
  readonly actions: string[];
  /** The queue at a URL, as the server sees it. */
  queue(url: string): StoredQueue;
  /** Makes a queue as CreateQueue does, and gives its URL. */
  createQueue(name: string, options?: QueueOptions): string;
  /** Answers calls in the service's place from now on; undefined lets a call through. */
  answerBy(decide: (action: string, input: Input) => SqsAnswer | undefined): void;
  close(): Promise<void>;
}

export interface SqsAnswer {
  readonly status: number;
  readonly body: object;
}

const account = '000000000000';

/** Starts the stand-in on a free port of loopback. */
export async function startSqsServer(): Promise<SqsServer> {
  const queues = new Map<string, StoredQueue>();
  const actions: string[] = [];
  let decide: (action: string, input: Input) => SqsAnswer | undefined = () => undefined;
  let endpoint = '';

  function createQueue(name: string, options: QueueOptions = {}): string {
    if (!/^[\w-]{1,80}(?:\.fifo)?$/.test(name)) throw new SqsFault('InvalidParameterValue', name);
    const { redrive } = options;
    const dead = redrive && queues.get(redrive.deadLetterQueue);
    if (redrive !== undefined && dead === undefined) {
      throw new SqsFault('InvalidParameterValue', 'the dead-letter queue does not exist');
    }
    queues.set(name, new StoredQueue(options, dead));
    return `${endpoint}/${account}/${name}`;
  }

  function queueAt(url: unknown): StoredQueue {
    const name = typeof url === 'string' ? new URL(url).pathname.split('/').at(-1) : undefined;
    const queue = name === undefined ? undefined : queues.get(name);
    if (queue === undefined) throw new SqsFault('QueueDoesNotExist', 'no such queue');
    return queue;
  }

  async function operate(action: string, input: Input, gone: AbortSignal): Promise<object> {
    if (action === 'CreateQueue') {
      const attributes = recordOf(input.Attributes);
      const redrive = recordOf(JSON.parse(String(attributes.RedrivePolicy ?? '{}')));
      const QueueUrl = createQueue(String(input.QueueName), {
        visibilityTimeout: Number(attributes.VisibilityTimeout ?? 30),
        ...(redrive.deadLetterTargetArn !== undefined && {
          redrive: {
            deadLetterQueue: String(redrive.deadLetterTargetArn).split(':').at(-1) ?? '',
            maxReceiveCount: Number(redrive.maxReceiveCount),
          },
        }),
      });
      return { QueueUrl };
    }
    return queueAt(input.QueueUrl).operate(action, input, gone);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const action = actionOf(request);
      const input: Input = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      actions.push(action);
      const standIn = decide(action, input);
      if (standIn !== undefined) return reply(response, standIn);
      reply(response, { status: 200, body: await operate(action, input, gone.signal) });
    } catch (error) {
      const code = error instanceof SqsFault ? error.code : 'InternalFailure';
      const body = { __type: `com.amazonaws.sqs#${code}`, message: String(error) };
      reply(response, { status: code === 'InternalFailure' ? 500 : 400, body });
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    actions,
    queue: queueAt,
    createQueue,
    answerBy(decision) {
      decide = decision;
    },
    async close() {
      for (const queue of queues.values()) queue.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function actionOf({ method, url, headers }: IncomingMessage): string {
  const target = /^AmazonSQS\.([A-Za-z]+)$/.exec(String(headers['x-amz-target']));
  if (method !== 'POST' || url !== '/') throw new SqsFault('InvalidAddress', `${method} ${url}`);
  if (target?.[1] === undefined) throw new SqsFault('InvalidAction', 'no X-Amz-Target');
  if (headers['content-type'] !== 'application/x-amz-json-1.0') {
    throw new SqsFault('SerializationException', 'the Content-Type is not JSON 1.0');
  }
  const scope = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/sqs\/aws4_request, /;
  if (!scope.test(headers.authorization ?? '') || headers['x-amz-date'] === undefined) {
    throw new SqsFault('MissingAuthenticationToken', 'the request is not signed for sqs');
  }
  return target[1];
}

function reply(response: ServerResponse, { status, body }: SqsAnswer): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
