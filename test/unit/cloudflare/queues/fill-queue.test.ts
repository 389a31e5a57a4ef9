import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fillMessage } from '../../../../functions/core/mirror/fills/fill-message.ts';
import type { FillJob } from '../../../../functions/core/ports/fill-queue.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { openWorkerd, type Workerd } from '../../../standins/workerd/open-workerd.ts';
import { HandlerServer, RemoteQueue } from '../../../standins/workerd/remote-queue.ts';

let handlers: HandlerServer;
let workerd: Workerd;
let queue: RemoteQueue;

beforeEach(async () => {
  handlers = new HandlerServer();
  workerd = await openWorkerd({ handler: await handlers.start() });
  queue = new RemoteQueue(workerd, handlers);
});
afterEach(async () => {
  await handlers.close();
  await workerd.close();
});

function jobOf(text: string, more: Partial<FillJob> = {}): FillJob {
  const blob = { digest: madeDigest(text), size: text.length, mediaType: 'layer' };
  return { repository: { registry: 'docker.io', name: 'library/alpine' }, blob, ...more };
}

/** The jobs that come, once there are so many. */
function collected(count: number): Promise<readonly FillJob[]> {
  const jobs: FillJob[] = [];
  return new Promise((resolve) => {
    queue.start(async (job) => {
      jobs.push(job);
      if (jobs.length === count) resolve(jobs);
      return { kind: 'done' };
    });
  });
}

describe('the queue of Cloudflare', () => {
  test('250 jobs of one call, which takes at most 100 messages at a time', async () => {
    const jobs = Array.from({ length: 250 }, (_, at) => jobOf(`blob ${at}`));
    const coming = collected(250);
    await queue.enqueue(jobs);
    const digests = new Set((await coming).map(({ blob }) => blob.digest));
    expect(digests).toEqual(new Set(jobs.map(({ blob }) => blob.digest)));
  });

  test('jobs with all the progress that a put may leave', async () => {
    const manifest = madeDigest('manifest');
    const progress = 'p'.repeat(60_000);
    const jobs = Array.from({ length: 8 }, (_, at) => jobOf(`${at}`, { progress, manifest }));
    const coming = collected(8);
    await queue.enqueue(jobs);
    const byDigest = (left: FillJob, right: FillJob) =>
      left.blob.digest < right.blob.digest ? -1 : 1;
    expect([...(await coming)].sort(byDigest)).toEqual([...jobs].sort(byDigest));
  });

  test('a job that is given up is kept with its reason, and not handled again', async () => {
    let handled = 0;
    queue.start(async () => {
      handled += 1;
      return { kind: 'given-up', reason: 'the upstream refuses it' };
    });
    await queue.enqueue([jobOf('refused')]);
    const [kept] = await handlers.hasGivenUp(1);
    const message = {
      repository: { name: 'library/alpine' },
      blob: { digest: madeDigest('refused') },
    };
    expect(kept).toMatchObject({ reason: 'the upstream refuses it', message });
    expect(handled).toBe(1);
  });

  test.each([
    ['no object', 'fill it!'],
    ['another version', { version: 2 }],
    [
      'a repository that is none',
      { version: 1, repository: { registry: 'docker.io', name: '../x' } },
    ],
    [
      'a digest that is none',
      {
        version: 1,
        repository: { registry: 'docker.io', name: 'a' },
        blob: { digest: 'sha256:no', size: 1, mediaType: '' },
      },
    ],
  ])('a message that is no job is given up: %s', async (_, body) => {
    queue.start(async () => ({ kind: 'done' }));
    await workerd.call({ instance: 0, port: 'tests', method: 'sendFill', args: [body] });
    const [kept] = await handlers.hasGivenUp(1);
    expect(kept).toMatchObject({
      reason: expect.stringMatching(/^invalid fill message: /),
      message: body,
    });
  });
});

describe('a job that is retried', () => {
  // The types of workerd are not those of the tests.
  const module: string = '../../../../functions/cloudflare/queues/fill-queue.ts';

  test.each([
    [90, 90],
    [0.2, 1],
    [-5, 0],
    [1e9, 43_200],
  ])('after %d s comes again after %d s, which Queues accepts', async (afterSeconds, expected) => {
    const { workOn } = await import(module);
    const retried: unknown[] = [];
    const message = {
      body: fillMessage(jobOf('blob')),
      attempts: 3,
      ack: () => retried.push('acknowledged'),
      retry: (options: unknown) => retried.push(options),
    };
    const deliveries: number[] = [];
    const handle = async (_: FillJob, delivery: number) => {
      deliveries.push(delivery);
      return { kind: 'retry', afterSeconds, reason: 'busy' };
    };
    await workOn({ messages: [message] }, handle, { fills: { send: async () => undefined } });
    expect(retried).toEqual([{ delaySeconds: expected }]);
    expect(deliveries).toEqual([3]);
  });
});
