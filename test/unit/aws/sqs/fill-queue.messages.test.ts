import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type FillQueues,
  handleMessage,
  type MessageOptions,
  ServedSqsFillQueue,
} from '../../../../functions/aws/sqs/fill-queue.ts';
import { type FillGroup, groupText } from '../../../../functions/aws/sqs/message-text.ts';
import type { NewMessage, ReceivedMessage } from '../../../../functions/aws/sqs/queue.ts';
import type { FillJob, FillOutcome } from '../../../../functions/core/ports/fill-queue.ts';
import { madeDigest } from '../../../contract/made-content.ts';

/** What the queue was told. */
let calls: string[];
let sent: NewMessage[];
let problems: string[];
let waiting: ReceivedMessage[];
/** While set, calls of the queue reject. */
let failure: Error | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  [calls, sent, problems, waiting] = [[], [], [], []];
  failure = undefined;
});
afterEach(() => {
  vi.useRealTimers();
});

function called(what: string): void {
  calls.push(what);
  if (failure !== undefined) throw failure;
}

const queue = {
  async send(messages: readonly NewMessage[]) {
    sent.push(...messages);
    if (messages.length > 0) called(`send ${messages.length}`);
  },
  hide: async ({ id }: ReceivedMessage, seconds: number) => called(`hide ${id} ${seconds}`),
  remove: async ({ id }: ReceivedMessage) => called(`remove ${id}`),
  sendGivenUp: async (_: string, reason: string) => called(`given up: ${reason}`),
  async receive(limit: number, seconds: number, signal: AbortSignal) {
    called(`receive ${limit} ${seconds}`);
    while (waiting.length === 0) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return waiting.splice(0, limit);
  },
};
const queues = { queue, deadLetters: queue } as unknown as FillQueues;

const options: MessageOptions = {
  hiddenSeconds: 90,
  onGivenUp: (_, reason) => problems.push(`given up: ${reason}`),
  onProblem: (problem) => problems.push(problem),
};

function jobOf(text: string, registry = 'docker.io'): FillJob {
  const blob = { digest: madeDigest(text), size: 1, mediaType: 'layer' };
  return { repository: { registry, name: 'app' }, blob, manifest: madeDigest('manifest') };
}

function messageOf(id: string, jobs: FillGroup, delivery = 1): ReceivedMessage {
  return { id, body: groupText(jobs), receipt: id, delivery };
}

const [a, b] = [jobOf('a'), jobOf('b')];
const done: FillOutcome = { kind: 'done' };
const retry = (afterSeconds: number): FillOutcome => ({
  kind: 'retry',
  afterSeconds,
  reason: 'busy',
});

/** Handles a message of two jobs, which end like this. */
function handled(outcomes: readonly FillOutcome[], delivery = 1, more: object = {}) {
  const message = messageOf('m', [a, b], delivery);
  return handleMessage(queues, message, async () => outcomes, { ...options, ...more });
}

test('a message whose jobs are done is to be removed', async () => {
  expect(await handled([done, done])).toBe(true);
  expect(calls).toEqual([]);
});

test.each([
  [true, ['hide m 90']],
  [false, []],
])(
  'it is hidden before its fills begin if receiving did otherwise: %s',
  async (hideFirst, first) => {
    await handled([done, done], 1, { hideFirst });
    expect(calls).toEqual(first);
  },
);

test('it is hidden again at each third of its time, until its fills end', async () => {
  let end: (outcomes: FillOutcome[]) => void = () => undefined;
  const message = messageOf('m', [a]);
  const running = () => new Promise<FillOutcome[]>((resolve) => (end = resolve));
  const settled = handleMessage(queues, message, running, options);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual(['hide m 90']);
  failure = new Error('down');
  await vi.advanceTimersByTimeAsync(30_000);
  expect([calls.length, problems]).toEqual([2, ['keep fill: down']]);
  end([done]);
  expect(await settled).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('jobs that all failed keep their message, for the longest pause', async () => {
  expect(await handled([retry(20), retry(70)])).toBe(false);
  expect([calls, sent]).toEqual([['hide m 70'], []]);
});

test('a handler that rejects is tried again after 10 s', async () => {
  const rejects = () => Promise.reject(new Error('a bug'));
  expect(await handleMessage(queues, messageOf('m', [a, b]), rejects, options)).toBe(false);
  expect(calls).toEqual(['hide m 10']);
});

test('a job that failed alone is sent again, with its deliveries', async () => {
  const before = { ...a, deliveries: 4 };
  const message = messageOf('m', [before], 3);
  const outcomes = async () => [retry(20), done];
  expect(await handleMessage(queues, message, outcomes, options)).toBe(true);
  const [again] = sent;
  expect(sent).toEqual([{ body: again?.body, group: 'docker.io', delaySeconds: 20 }]);
  expect(JSON.parse(again?.body ?? '{}')).toMatchObject({ deliveries: 7 });
});

test('deferred jobs are sent again together, after the longest pause', async () => {
  const deferred = (afterSeconds: number): FillOutcome => ({
    kind: 'deferred',
    afterSeconds,
    reason: 'others run',
  });
  expect(await handled([deferred(5), deferred(9)], 3)).toBe(true);
  expect(sent).toMatchObject([{ delaySeconds: 9 }]);
  expect(JSON.parse(sent[0]?.body ?? '{}')).toMatchObject({ deferrals: 1 });
  expect(sent[0]?.body).not.toContain('deliveries');
});

test('a job that is given up is reported and kept', async () => {
  expect(await handled([done, { kind: 'given-up', reason: 'denied' }])).toBe(true);
  expect([calls, problems]).toEqual([['given up: denied'], ['given up: denied']]);
});

test('a message that cannot be settled is delivered again', async () => {
  failure = new Error('down');
  expect(await handled([retry(20), done])).toBe(false);
  expect(problems).toEqual(['settle fill: down']);
});

test('what is no fill is kept, and not handled', async () => {
  const message = { id: 'm', body: 'junk', receipt: 'm', delivery: 1 };
  const never = () => Promise.reject(new Error('handled'));
  expect(await handleMessage(queues, message, never, options)).toBe(true);
  expect(problems).toEqual([expect.stringMatching(/^message m: /)]);
  expect(calls).toEqual([expect.stringMatching(/^given up: /)]);
});

/** A server's queue, whose fills end when the test says so. */
function served(more: Partial<MessageOptions> = {}) {
  const running: { job: FillJob; end(outcome: FillOutcome): void }[] = [];
  const { onGivenUp, onProblem } = options;
  const fills = new ServedSqsFillQueue(queues, { onGivenUp, onProblem, ...more });
  fills.start((job, signal) => {
    return new Promise((resolve) => {
      running.push({ job, end: resolve });
      signal.addEventListener('abort', () => resolve(retry(60)));
    });
  });
  const stop = async () => {
    const stopped = fills.stop();
    await vi.advanceTimersByTimeAsync(200);
    await stopped;
  };
  return { running, stop };
}

/** One message for each text. */
function deliver(texts: readonly string[], registry = 'docker.io', delivery = 1): void {
  waiting.push(...texts.map((text) => messageOf(text, [jobOf(text, registry)], delivery)));
}

test('four fills run, and after a slow second one more of another registry', async () => {
  const { running, stop } = served();
  deliver(['1', '2', '3', '4', '5']);
  await vi.advanceTimersByTimeAsync(999);
  expect(calls).toEqual(['receive 4 100']);
  await vi.advanceTimersByTimeAsync(200);
  // The fifth waits as a new message.
  expect(calls.slice(1)).toEqual(['receive 10 100', 'send 1', 'remove 5']);
  deliver(['other'], 'ghcr.io');
  await vi.advanceTimersByTimeAsync(1200);
  expect(running.map(({ job }) => job.repository.registry)).toEqual([
    ...Array(4).fill('docker.io'),
    'ghcr.io',
  ]);
  deliver(['more'], 'ghcr.io');
  await vi.advanceTimersByTimeAsync(1200);
  expect(running).toHaveLength(5);
  await stop();
  expect(problems).toEqual([]);
});

test('a registry whose fills ended may have one more again', async () => {
  const { running, stop } = served();
  deliver(['1', '2', '3'], 'ghcr.io');
  deliver(['4']);
  await vi.advanceTimersByTimeAsync(100);
  running[3]?.end(done);
  deliver(['5'], 'ghcr.io');
  await vi.advanceTimersByTimeAsync(200);
  deliver(['6']);
  await vi.advanceTimersByTimeAsync(1500);
  expect(running.map(({ job }) => job.blob.digest)).toEqual(
    ['1', '2', '3', '4', '5', '6'].map((text) => madeDigest(text)),
  );
  await stop();
});

test('a job that failed before is hidden for 30 s if there is no place', async () => {
  const { running, stop } = served();
  deliver(['1', '2', '3', '4']);
  await vi.advanceTimersByTimeAsync(100);
  deliver(['failed'], 'docker.io', 2);
  await vi.advanceTimersByTimeAsync(1500);
  expect([running.length, calls.includes('hide failed 30')]).toEqual([4, true]);
  await stop();
});

test('stopping gives messages back at once', async () => {
  const { stop } = served();
  deliver(['1']);
  await vi.advanceTimersByTimeAsync(100);
  await stop();
  expect(calls).toContain('hide 1 0');
});

test('after a failure the queue is not asked again at once', async () => {
  failure = new Error('down');
  const { stop } = served();
  // The pause is on the real clock; a loop without one would ask at each turn.
  await vi.advanceTimersByTimeAsync(1999);
  expect(calls.length).toBeLessThan(10);
  expect(problems[0]).toBe('receive fills: down');
  failure = undefined;
  await stop();
});

test('a message that cannot be removed is reported', async () => {
  const { running, stop } = served();
  deliver(['1']);
  await vi.advanceTimersByTimeAsync(100);
  failure = new Error('down');
  running[0]?.end(done);
  await vi.advanceTimersByTimeAsync(0);
  expect(problems).toEqual(['settle fill: down']);
  failure = undefined;
  await stop();
});
