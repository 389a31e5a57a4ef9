import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type MessageOptions,
  ServedSqsFillQueue,
} from '../../../../functions/aws/sqs/fill-queue.ts';
import { fillText } from '../../../../functions/aws/sqs/message-text.ts';
import type { SqsService } from '../../../../functions/aws/sqs/queue.ts';
import type { FillJob, FillOutcome } from '../../../../functions/core/ports/fill-queue.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { type SqsServer, startSqsServer } from '../../../standins/sqs/sqs-server.ts';
import { fillQueues, sqsService } from '../../../standins/sqs/sqs-service.ts';

const done = { kind: 'done' } as const;

let server: SqsServer;
let service: SqsService;
let queueUrl: string;
let deadUrl: string;
let opened: ServedSqsFillQueue[];

beforeEach(async () => {
  server = await startSqsServer();
  service = sqsService(server.endpoint);
  deadUrl = server.createQueue('dead');
  queueUrl = server.createQueue('fills');
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((queue) => queue.stop()));
  service.close();
  await server.close();
});

function openQueue(options: Partial<MessageOptions> & { deadLetterQueueUrl?: string } = {}) {
  const ignored = { onGivenUp: () => undefined, onProblem: () => undefined };
  const queues = fillQueues(service, queueUrl, options.deadLetterQueueUrl);
  const queue = new ServedSqsFillQueue(queues, { ...ignored, ...options });
  opened.push(queue);
  return queue;
}

function jobOf(text: string, progress?: string): FillJob {
  const blob = { digest: madeDigest(text), size: text.length, mediaType: 'layer' };
  return { repository: { registry: 'docker.io', name: 'library/alpine' }, blob, progress };
}

/** A job of another registry. */
function ofRegistry(registry: string, text: string): FillJob {
  return { ...jobOf(text), repository: { registry, name: 'app' } };
}

function jobsOf(count: number, progress?: string): FillJob[] {
  return Array.from({ length: count }, (_, index) => jobOf(`blob ${index}`, progress));
}

/** A promise and what settles it. */
function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value: Value) => resolve(value) };
}

async function until(isSo: () => boolean) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('queueing', () => {
  test('sends ten per call', async () => {
    await openQueue().enqueue(jobsOf(25));
    expect(server.actions).toEqual(Array.from({ length: 3 }, () => 'SendMessageBatch'));
    expect(server.queue(queueUrl).bodies).toEqual(jobsOf(25).map(fillText));
  });

  test('keeps a batch below a mebibyte', async () => {
    await openQueue().enqueue(jobsOf(40, '"'.repeat(60 * 1024)));
    expect(server.queue(queueUrl).bodies).toHaveLength(40);
    expect(server.actions.length).toBeGreaterThan(4);
  });

  test('makes each registry a group, so that SQS gives it a share', async () => {
    const groups: unknown[] = [];
    server.answerBy((_, input) => {
      const entries = Array.isArray(input.Entries) ? input.Entries : [];
      groups.push(...entries.map(({ MessageGroupId }) => MessageGroupId));
      return undefined;
    });
    const registry = `registry.${'x'.repeat(200)}.example:5000`;
    await openQueue().enqueue([jobOf('one'), ofRegistry(registry, 'other')]);
    expect(groups).toEqual(['docker.io', registry.slice(0, 128)]);
  });

  test.each(['entry', 'call'])('leaves out groups that a queue refuses by %s', async (by) => {
    server.answerBy((_, input) => {
      const entries = Array.isArray(input.Entries) ? input.Entries : [];
      const refused = entries.filter((entry) => 'MessageGroupId' in entry);
      if (refused.length === 0) return undefined;
      const Code = 'InvalidParameterValue';
      if (by === 'call') return { status: 400, body: { __type: `com.amazonaws.sqs#${Code}` } };
      const Failed = refused.map(({ Id }) => ({ Id, Code, SenderFault: true }));
      return { status: 200, body: { Successful: [], Failed } };
    });
    const queue = openQueue();
    await queue.enqueue(jobsOf(2));
    await queue.enqueue([jobOf('more')]);
    expect(server.queue(queueUrl).bodies).toEqual([...jobsOf(2), jobOf('more')].map(fillText));
    expect(server.actions).toHaveLength(3);
  });

  test('sends again what failed, and only that', async () => {
    let failures = 0;
    server.answerBy((_, input) => {
      const entries = Array.isArray(input.Entries) ? input.Entries : [];
      if (failures === 2) return undefined;
      failures += 1;
      const Failed = entries.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }));
      return { status: 200, body: { Successful: [], Failed: Failed.slice(0, 3) } };
    });
    await openQueue().enqueue(jobsOf(5));
    expect(server.queue(queueUrl).bodies.sort()).toEqual(jobsOf(3).map(fillText).sort());
    expect(failures).toBe(2);
  });

  test('rejects when a message is not accepted in the end', async () => {
    server.answerBy((_, input) => {
      const [first] = Array.isArray(input.Entries) ? input.Entries : [];
      const failure = { Id: first?.Id, Code: 'InternalError', SenderFault: false };
      return { status: 200, body: { Successful: [], Failed: [failure] } };
    });
    await expect(openQueue().enqueue(jobsOf(2))).rejects.toThrow('1 messages');
    expect(server.actions).toHaveLength(4);
  });

  test('does not repeat what is our own mistake', async () => {
    server.answerBy((_, input) => {
      const [first] = Array.isArray(input.Entries) ? input.Entries : [];
      const failure = { Id: first?.Id, Code: 'InvalidMessageContents', SenderFault: true };
      return { status: 200, body: { Successful: [], Failed: [failure] } };
    });
    await expect(openQueue().enqueue(jobsOf(2))).rejects.toThrow('InvalidMessageContents');
    expect(server.actions).toHaveLength(1);
  });

  test('rejects when the queue is not there', async () => {
    const options = { onGivenUp: () => undefined, onProblem: () => undefined };
    const nowhere = new ServedSqsFillQueue(fillQueues(service, `${queueUrl}x`), options);
    await expect(nowhere.enqueue(jobsOf(1))).rejects.toMatchObject({ code: 'QueueDoesNotExist' });
  });
});

describe('handling', () => {
  test('what is done leaves the queue', async () => {
    const queue = openQueue();
    await queue.enqueue(jobsOf(12));
    queue.start(async () => done);
    await until(() => server.queue(queueUrl).messages.size === 0);
  });

  test('four run at once, and the next as soon as one ends', async () => {
    const queue = openQueue();
    await queue.enqueue(jobsOf(9));
    const running: { resolve(outcome: FillOutcome): void }[] = [];
    let holds = true;
    queue.start(async () => {
      if (!holds) return done;
      const run = deferred<FillOutcome>();
      running.push(run);
      return run.promise;
    });
    await until(() => running.length === 4);
    running[2]?.resolve(done);
    await until(() => running.length === 5);
    expect(server.queue(queueUrl).messages.size).toBe(8);
    holds = false;
    for (const run of running) run.resolve(done);
    await until(() => server.queue(queueUrl).messages.size === 0);
  });

  test('four slow ones of a registry, and more that wait, do not stop those of others', async () => {
    const queue = openQueue();
    await queue.enqueue(jobsOf(12));
    const slow = deferred<FillOutcome>();
    const handled: string[] = [];
    queue.start((job) => {
      handled.push(job.repository.registry);
      return job.repository.registry === 'docker.io' ? slow.promise : Promise.resolve(done);
    });
    await until(() => handled.length === 4);
    await queue.enqueue([ofRegistry('ghcr.io', 'quick')]);
    await until(() => handled.length === 5);
    expect(handled).toEqual([...Array.from({ length: 4 }, () => 'docker.io'), 'ghcr.io']);
    const { messages } = server.queue(queueUrl);
    await until(() => messages.size === 12);
    // Those that wait were never tried: each is a new message of the same group.
    const waiting = [...messages.values()].filter(({ body }) => body.includes('deferrals'));
    expect(waiting.length).toBeGreaterThan(0);
    for (const { receives, group } of waiting)
      expect([receives <= 1, group]).toEqual([true, 'docker.io']);
    slow.resolve(done);
    await until(() => messages.size === 0);
    expect(handled).toHaveLength(13);
  });

  test('a job that failed before is not deferred but hidden, so that its tries are counted', async () => {
    const queue = openQueue();
    await queue.enqueue(jobsOf(4));
    const slow = deferred<FillOutcome>();
    let handled = 0;
    queue.start(() => {
      handled += 1;
      return slow.promise;
    });
    await until(() => handled === 4);
    await queue.enqueue([jobOf('failed')]);
    const { messages } = server.queue(queueUrl);
    const failed = [...messages.values()].find(({ body }) => body === fillText(jobOf('failed')));
    if (failed !== undefined) failed.receives = 5;
    await until(() => failed?.receives === 6 && failed.hiddenUntil < Date.now() + 35_000);
    expect(handled).toBe(4);
    slow.resolve(done);
  });

  test('what is given up goes to the dead-letter queue with its reason, and is told', async () => {
    const told: string[] = [];
    const queue = openQueue({
      deadLetterQueueUrl: deadUrl,
      onGivenUp: ({ blob }, reason) => told.push(`${blob.digest}: ${reason}`),
    });
    await queue.enqueue([jobOf('refused')]);
    queue.start(async () => ({ kind: 'given-up', reason: 'too large:\n9 GB' }));
    await until(() => server.queue(queueUrl).messages.size === 0);
    const [dead, ...others] = server.queue(deadUrl).messages.values();
    expect(others).toEqual([]);
    expect(dead?.body).toBe(fillText(jobOf('refused')));
    expect(dead?.attributes).toEqual({
      reason: { DataType: 'String', StringValue: 'too large: 9 GB' },
    });
    expect(told).toEqual([`${madeDigest('refused')}: too large:\n9 GB`]);
  });

  test('what is given up is only told where there is no dead-letter queue', async () => {
    const told = deferred<string>();
    const queue = openQueue({ onGivenUp: (_, reason) => told.resolve(reason) });
    await queue.enqueue([jobOf('refused')]);
    queue.start(async () => ({ kind: 'given-up', reason: 'too large' }));
    expect(await told.promise).toBe('too large');
    await until(() => server.queue(queueUrl).messages.size === 0);
    expect(server.queue(deadUrl).messages.size).toBe(0);
  });

  test('a message that is no fill is not handled but kept among the dead', async () => {
    const told = deferred<string>();
    const queue = openQueue({ deadLetterQueueUrl: deadUrl, onProblem: told.resolve });
    const { signal } = new AbortController();
    await server.queue(queueUrl).operate('SendMessage', { MessageBody: '{"version":7}' }, signal);
    let handled = 0;
    queue.start(async () => {
      handled += 1;
      return done;
    });
    expect(await told.promise).toContain('version');
    await until(() => server.queue(queueUrl).messages.size === 0);
    expect(server.queue(deadUrl).bodies).toEqual(['{"version":7}']);
    expect(handled).toBe(0);
  });

  test('a retry hides the message for the time that was asked', async () => {
    const queue = openQueue();
    await queue.enqueue([jobOf('later')]);
    queue.start(async () => ({ kind: 'retry', afterSeconds: 119.5, reason: 'limited' }));
    await until(() => server.actions.includes('ChangeMessageVisibility'));
    const [message] = server.queue(queueUrl).messages.values();
    const left = (message?.hiddenUntil ?? 0) - Date.now();
    expect(left).toBeGreaterThan(115_000);
    expect(left).toBeLessThanOrEqual(120_000);
  });

  test('a job that takes longer than messages are hidden is not handed out twice', async () => {
    const options = { hiddenSeconds: 1 };
    const [first, second] = [openQueue(options), openQueue(options)];
    await first.enqueue([jobOf('long')]);
    const run = deferred<FillOutcome>();
    let handled = 0;
    const handler = () => {
      handled += 1;
      return run.promise;
    };
    first.start(handler);
    await until(() => handled === 1);
    second.start(handler);
    const beats = () => server.actions.filter((action) => action.startsWith('Change')).length;
    await until(() => beats() >= 5);
    expect(handled).toBe(1);
    run.resolve(done);
    await until(() => server.queue(queueUrl).messages.size === 0);
  });

  test('a queue that fails is told, and polled again after a pause', async () => {
    const problem = deferred<string>();
    const queue = openQueue({ onProblem: problem.resolve });
    await queue.enqueue([jobOf('kept')]);
    const refusal = { status: 400, body: { __type: 'com.amazonaws.sqs#KmsDisabled' } };
    server.answerBy(() => refusal);
    const handled = deferred<FillJob>();
    queue.start(async (job) => {
      handled.resolve(job);
      return done;
    });
    expect(await problem.promise).toContain('KmsDisabled');
    server.answerBy(() => undefined);
    expect((await handled.promise).blob).toEqual(jobOf('kept').blob);
  });

  test('stopping ends a poll at once and gives unfinished messages back', async () => {
    const queue = openQueue();
    await queue.enqueue([jobOf('unfinished')]);
    const began = deferred<undefined>();
    queue.start((_, signal) => {
      began.resolve(undefined);
      const retry = { kind: 'retry', afterSeconds: 600, reason: 'stopped' } as const;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(retry)));
    });
    await began.promise;
    await queue.stop();
    const [message] = server.queue(queueUrl).messages.values();
    expect(message?.hiddenUntil).toBeLessThanOrEqual(Date.now());
  });
});

describe('the fills of a message', () => {
  const manifest = madeDigest('manifest');
  const groupOf = (...texts: string[]) => texts.map((text) => ({ ...jobOf(text), manifest }));
  const messages = () => [...server.queue(queueUrl).messages.values()];

  test('leave it with those that are given up, each with its reason', async () => {
    const queue = openQueue({ deadLetterQueueUrl: deadUrl });
    const jobs = groupOf('a', 'refused', 'c');
    await queue.enqueue(jobs);
    expect(messages()).toHaveLength(1);
    const refused = madeDigest('refused');
    queue.start(async ({ blob }) =>
      blob.digest === refused ? { kind: 'given-up', reason: 'denied' } : done,
    );
    await until(() => messages().length === 0);
    expect(server.queue(deadUrl).bodies).toEqual(jobs.slice(1, 2).map((job) => fillText(job)));
  });

  test('get messages of their own when they fail and others do not, and keep their count', async () => {
    const queue = openQueue();
    await queue.enqueue(groupOf('a', 'failed', 'c'));
    const [first] = messages();
    if (first !== undefined) first.receives = 2;
    const failed = madeDigest('failed');
    queue.start(async ({ blob }) =>
      blob.digest === failed ? { kind: 'retry', afterSeconds: 90, reason: 'limited' } : done,
    );
    await until(() => messages().length === 1 && messages()[0] !== first);
    const [job] = groupOf('failed');
    const bodies = messages().map(({ body }) => body);
    expect(bodies).toEqual([fillText({ ...(job ?? jobOf('')), deliveries: 3 })]);
    expect(messages()[0]?.hiddenUntil).toBeGreaterThan(Date.now() + 80_000);
  });

  test('stay together when all fail, for the longest pause', async () => {
    const queue = openQueue();
    await queue.enqueue(groupOf('a', 'b'));
    const a = madeDigest('a');
    queue.start(async ({ blob }) => {
      const afterSeconds = blob.digest === a ? 10 : 60;
      return { kind: 'retry', afterSeconds, reason: 'limited' };
    });
    await until(() => server.actions.includes('ChangeMessageVisibility'));
    expect(messages()).toHaveLength(1);
    expect(messages()[0]?.hiddenUntil).toBeGreaterThan(Date.now() + 50_000);
  });

  test('stay together when they are deferred', async () => {
    const queue = openQueue();
    await queue.enqueue(groupOf('a', 'b'));
    const [first] = messages();
    const pause = { kind: 'deferred', afterSeconds: 300, reason: 'others run' } as const;
    queue.start(async () => pause);
    await until(() => messages().length === 1 && messages()[0] !== first);
    const { blobs, deferrals } = JSON.parse(messages()[0]?.body ?? '{}');
    expect([blobs.length, deferrals]).toEqual([2, 1]);
  });
});

test('a job that is received too often goes to the queue of the redrive policy', async () => {
  const redrive = { deadLetterQueue: 'dead', maxReceiveCount: 3 };
  queueUrl = server.createQueue('with-redrive', { redrive });
  const queue = openQueue();
  await queue.enqueue([jobOf('hopeless')]);
  let handled = 0;
  queue.start(async () => {
    handled += 1;
    return { kind: 'retry', afterSeconds: 0, reason: 'busy' };
  });
  await until(() => server.queue(deadUrl).messages.size === 1);
  expect(handled).toBe(3);
});
