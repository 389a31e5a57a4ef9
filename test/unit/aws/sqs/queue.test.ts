import { beforeEach, expect, test, vi } from 'vitest';
import { ServiceError } from '../../../../functions/aws/sdk/service-error.ts';
import { deliveryOf, SqsQueue, type SqsService } from '../../../../functions/aws/sqs/queue.ts';
import { withoutWaiting } from '../../../fake-timers.ts';

type Input = Record<string, unknown> & { Entries?: { Id: string; MessageBody: string }[] };
type Failed = { Id?: string; Code?: string; SenderFault?: boolean };

let sent: Input[];
/** What each call answers; by default it accepts everything. */
let answer: (input: Input) => object;
let queue: SqsQueue;

beforeEach(() => {
  sent = [];
  answer = () => ({});
  class Command {
    readonly input: Input;
    constructor(input: Input) {
      this.input = input;
    }
  }
  const client = {
    async send({ input }: Command, options?: object) {
      sent.push(options === undefined ? input : { ...input, options });
      return answer(input);
    },
  };
  const sdk = {
    client,
    SendMessageBatchCommand: Command,
    SendMessageCommand: Command,
    ReceiveMessageCommand: Command,
    DeleteMessageCommand: Command,
    ChangeMessageVisibilityCommand: Command,
  };
  const service = { load: async () => sdk, close: () => undefined };
  queue = new SqsQueue(service as unknown as SqsService, 'https://sqs.example/fills');
});

const message = (body: string, more: object = {}) => ({ body, group: 'docker.io', ...more });
const bodies = () => sent.map(({ Entries }) => Entries?.map(({ MessageBody }) => MessageBody));

test('ten messages go at a time, with their group and delay', async () => {
  const delayed = message('0', { delaySeconds: 1.2 });
  await queue.send([delayed, ...Array.from({ length: 10 }, (_, at) => message(`${at + 1}`))]);
  expect(sent.map(({ Entries }) => Entries?.length)).toEqual([10, 1]);
  const about = { Id: expect.any(String), MessageGroupId: 'docker.io' };
  expect(sent[0]?.Entries?.slice(0, 2)).toEqual([
    { ...about, MessageBody: '0', DelaySeconds: 2 },
    { ...about, MessageBody: '1' },
  ]);
});

test('a delay and a group are cut to what SQS takes', async () => {
  const group = 'g'.repeat(129);
  await queue.send([message('x', { group, delaySeconds: 901 }), message('y', { delaySeconds: 0 })]);
  expect(sent[0]?.Entries).toMatchObject([
    { MessageGroupId: 'g'.repeat(128), DelaySeconds: 900 },
    { DelaySeconds: 0 },
  ]);
});

test('only what was not accepted is sent again', async () => {
  let round = 0;
  answer = ({ Entries = [] }) => {
    round += 1;
    return round === 1 ? { Failed: [{ Id: Entries[1]?.Id, Code: 'InternalError' }] } : {};
  };
  await withoutWaiting(() => queue.send([message('a'), message('b'), message('c')]));
  expect(bodies()).toEqual([['a', 'b', 'c'], ['b']]);
});

test('messages are sent at once, and again after growing pauses', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(1);
  vi.useFakeTimers();
  try {
    answer = ({ Entries = [] }) => ({ Failed: Entries.map(({ Id }) => ({ Id, Code: 'Busy' })) });
    const sending = queue.send([message('a')]).catch(() => undefined);
    const counts = [];
    for (const pause of [0, 49, 1, 199, 1, 799, 1]) {
      await vi.advanceTimersByTimeAsync(pause);
      counts.push(sent.length);
    }
    expect(counts).toEqual([1, 1, 2, 2, 3, 3, 4]);
    await sending;
  } finally {
    vi.useRealTimers();
    random.mockRestore();
  }
});

test.each<[string, boolean | undefined, number, string]>([
  ['a fourth time at most', undefined, 4, 'InternalError'],
  ['once if the sender is at fault', true, 1, 'InternalError'],
  ['once if nothing says why', true, 1, ''],
])('messages that are never accepted are sent %s', async (_, SenderFault, rounds, Code) => {
  answer = ({ Entries = [] }) => ({
    Failed: Entries.map(({ Id }): Failed => ({ Id, Code, ...(SenderFault && { SenderFault }) })),
  });
  const sending = withoutWaiting(() => queue.send([message('a'), message('b')]));
  await expect(sending).rejects.toMatchObject({
    message: `SQS did not accept 2 messages: ${Code}`,
    code: Code || 'Failed',
  });
  expect(sent).toHaveLength(rounds);
});

test('a queue that refuses groups gets none from then on', async () => {
  const refusal = new ServiceError('no groups', { code: 'InvalidParameterValue' });
  answer = ({ Entries = [] }) => {
    if (Entries.some((entry) => 'MessageGroupId' in entry)) throw refusal;
    return {};
  };
  await queue.send([message('a')]);
  await queue.send([message('b')]);
  expect(bodies()).toEqual([['a'], ['a'], ['b']]);
});

test.each([new ServiceError('throttled', { code: 'ThrottlingException' }), new Error('a bug')])(
  'any other failure is passed on (%#)',
  async (error) => {
    answer = () => {
      throw error;
    };
    await expect(queue.send([message('a')])).rejects.toBe(error);
    expect(sent).toHaveLength(1);
  },
);

test.each([
  ['bytes\u0000and\uffff', 'bytes and'],
  ['x'.repeat(1001), 'x'.repeat(1000)],
  ['\u0001', 'unknown reason'],
])('the reason of a message that is given up is what SQS takes (%#)', async (reason, text) => {
  await queue.sendGivenUp('body', reason);
  expect(sent[0]).toMatchObject({
    MessageBody: 'body',
    MessageAttributes: { reason: { DataType: 'String', StringValue: text } },
  });
});

test('messages are awaited for 20 s, ten at most, and hidden from others', async () => {
  const { signal } = new AbortController();
  expect(await queue.receive(50, 100, signal)).toEqual([]);
  await queue.receive(3, 100, signal);
  expect(sent).toMatchObject([
    {
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      VisibilityTimeout: 100,
      options: { requestTimeout: 25_000, abortSignal: signal },
    },
    { MaxNumberOfMessages: 3 },
  ]);
});

test('a message without a body or a receipt is left out', async () => {
  const Attributes = { ApproximateReceiveCount: '3' };
  answer = () => ({
    Messages: [
      { MessageId: 'm', Body: 'a', ReceiptHandle: 'r', Attributes },
      { Body: '', ReceiptHandle: 'r' },
      { Body: 'a' },
      { ReceiptHandle: 'r' },
    ],
  });
  expect(await queue.receive(5, 100, new AbortController().signal)).toEqual([
    { id: 'm', body: 'a', receipt: 'r', delivery: 3 },
    { id: '', body: '', receipt: 'r', delivery: 2 },
  ]);
});

test.each([
  [-1, 0],
  [0.5, 1],
  [43_200, 43_200],
  [43_201, 43_200],
])('a message that is hidden for %d s is hidden for %i s', async (seconds, hidden) => {
  await queue.hide({ receipt: 'r' }, seconds);
  expect(sent).toEqual([
    { QueueUrl: 'https://sqs.example/fills', ReceiptHandle: 'r', VisibilityTimeout: hidden },
  ]);
});

test('a message is removed by its receipt', async () => {
  await queue.remove({ receipt: 'r' });
  expect(sent).toEqual([{ QueueUrl: 'https://sqs.example/fills', ReceiptHandle: 'r' }]);
});

test.each([
  ['1', 1],
  ['7', 7],
  ['0', 2],
  ['-1', 2],
  ['1.5', 2],
  ['x', 2],
  [undefined, 2],
])('the count %s means delivery %i', (count, delivery) => {
  expect(deliveryOf(count)).toBe(delivery);
});
