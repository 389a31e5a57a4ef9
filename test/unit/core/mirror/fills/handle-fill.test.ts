import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitLarge } from '../../../../../functions/core/mirror/blobs/await-fill.ts';
import type { FillJob } from '../../../../../functions/core/ports/fill-queue.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { makeImage } from '../../../../standins/images/image.ts';
import { randomLayer } from '../../../../standins/images/layer.ts';
import { type Differences, type MirrorUnderTest, openMirror } from '../mirror-over-store.ts';
import { known } from '../scripted-upstream.ts';

const layer = randomLayer('layer', 200_000);
const image = makeImage({ layers: [layer] });
const digest = known(layer.digest);
const job: FillJob = {
  repository: { registry: 'docker.io', name: 'library/app' },
  blob: { digest, size: layer.size, mediaType: layer.mediaType },
};
const leaseLife = 60_000;

let test: MirrorUnderTest;
/** The progress that each put began with. */
let puts: unknown[];
/** A put without progress pauses here instead of going on. */
let isPausing: boolean;
/** How long a put goes on before it pauses, in ms. */
let putTime: number;
let isQueueDown: boolean;

/** The embedded store, whose puts can pause here, and which others share. */
const ports: Differences['ports'] = ({ blobs }) => ({
  blobs: new Proxy(blobs, {
    get(target, name) {
      if (name !== 'put') {
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (...[blob, source, options]: Parameters<typeof target.put>) => {
        puts.push(options?.progress);
        if (!isPausing || options?.progress !== undefined) return target.put(blob, source, options);
        test.pass(putTime);
        return { done: Promise.resolve({ kind: 'paused', progress: 'half' }) };
      };
    },
  }),
  queue: {
    async enqueue(jobs) {
      if (isQueueDown) throw new Error('the queue is down');
      test.queued.push(...jobs);
    },
  },
});

beforeEach(async () => {
  puts = [];
  isPausing = false;
  putTime = 0;
  isQueueDown = false;
  test = await openMirror({ missingBlobs: awaitLarge({ passThroughBytes: 0, wait: 0 }), ports });
  test.upstream.add('library/app', image, '1');
});
afterEach(() => test.close());

const acquire = () =>
  test.store.leases.acquire(`fill:docker.io@${digest}:${layer.size}`, leaseLife);
const isStored = async () => (await test.store.blobs.stat(digest)) !== undefined;

/** Pauses the fill of the blob; what is left of it. */
async function pause(): Promise<FillJob> {
  isPausing = true;
  expect(await test.mirror.handleFill(job, { pauseAt: 1 })).toEqual({ kind: 'done' });
  const [rest, ...others] = test.queued.splice(0);
  expect(rest).toEqual({ ...job, progress: 'half', fence: expect.any(Number) });
  expect(others).toEqual([]);
  return rest ?? job;
}

describe('a registry’s share of all fills', () => {
  const place = (at: number) => test.store.leases.acquire(`fill-place:docker.io:${at}`, leaseLife);

  it('is four of five: a job beyond it is deferred, and comes later each time', async () => {
    const places = await Promise.all([0, 1, 2, 3].map(place));
    expect(places).not.toContain(undefined);
    for (const [deferrals, most] of [
      [undefined, 1.5],
      [3, 12],
      [50, 450],
    ] as const) {
      const outcome = await test.mirror.handleFill({ ...job, deferrals }, { concurrency: 5 });
      if (outcome.kind !== 'deferred') throw new Error(outcome.kind);
      expect(outcome.afterSeconds).toBeGreaterThanOrEqual(most / 3);
      expect(outcome.afterSeconds).toBeLessThanOrEqual(most);
    }
    expect(await isStored()).toBe(false);
    expect(await test.mirror.handleFill(job, { concurrency: 5, delivery: 2 })).toMatchObject({
      kind: 'retry',
      afterSeconds: 20,
    });
    test.evil.add('library/app', image, '1');
    const ofEvil = { ...job, repository: { registry: 'evil.test', name: 'library/app' } };
    expect(await test.mirror.handleFill(ofEvil, { concurrency: 5 })).toEqual({ kind: 'done' });
  });

  it('is free again after each fill, also after one that failed', async () => {
    test.upstream.failure = new UpstreamError('unavailable', 'docker.io answered 503');
    const options = { concurrency: 1 };
    expect(await test.mirror.handleFill(job, options)).toMatchObject({ kind: 'retry' });
    test.upstream.failure = undefined;
    test.pass(10_000);
    expect(await test.mirror.handleFill(job, options)).toEqual({ kind: 'done' });
    expect(await place(0)).toBeDefined();
  });

  it('is one for all fills of a message', async () => {
    const ofConfig: FillJob = {
      ...job,
      blob: { ...image.config, digest: known(image.config.digest) },
    };
    await Promise.all([0, 1, 2].map(place));
    const acquired: string[] = [];
    const { acquire: original } = test.store.leases;
    test.store.leases.acquire = (key, life) => {
      acquired.push(key.replace(/:.*/, ''));
      return original.call(test.store.leases, key, life);
    };
    const done = { kind: 'done' };
    const outcomes = await test.mirror.handleFills([job, ofConfig], { concurrency: 5 });
    expect(outcomes).toEqual([done, done]);
    expect(await isStored()).toBe(true);
    expect(acquired.filter((key) => key === 'fill')).toHaveLength(2);
    expect(await place(3)).toBeDefined();
  });

  it('is not taken for fills of a message that are stored, and defers only those that are not', async () => {
    await test.mirror.handleFill(job);
    const ofConfig: FillJob = {
      ...job,
      blob: { ...image.config, digest: known(image.config.digest) },
    };
    await Promise.all([0, 1, 2, 3].map(place));
    const outcomes = await test.mirror.handleFills([job, ofConfig], { concurrency: 5 });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'deferred']);
  });

  it('is not limited while leases are unavailable', async () => {
    test.store.leases.acquire = async (key) => {
      if (key.startsWith('fill-place')) throw new Error('the table is down');
      return { key, fence: 1, expires: Number.POSITIVE_INFINITY };
    };
    expect(await test.mirror.handleFill(job, { concurrency: 1 })).toEqual({ kind: 'done' });
  });

  it('counts only fills that run: what is stored is done at once', async () => {
    await test.mirror.handleFill(job);
    await place(0);
    expect(await test.mirror.handleFill(job, { concurrency: 1 })).toEqual({ kind: 'done' });
  });
});

describe('a fill that fails', () => {
  const down = new UpstreamError('unavailable', 'docker.io answered 503', { status: 503 });

  it('is retried after a pause that doubles up to half an hour', async () => {
    test.upstream.failure = down;
    const pauses: number[] = [];
    for (let delivery = 1; delivery <= 101; delivery++) {
      const outcome = await test.mirror.handleFill(job, { delivery });
      if (outcome.kind !== 'retry') throw new Error(outcome.kind);
      pauses.push(outcome.afterSeconds);
    }
    const doubling = [10, 20, 40, 80, 160, 320, 640, 1280, 1800];
    expect(pauses).toEqual([...doubling, ...Array.from({ length: 92 }, () => 1800)]);
    const hoursUntil = (delivery: number) =>
      pauses.slice(0, delivery - 1).reduce((sum, seconds) => sum + seconds) / 3600;
    // The last deliveries on AWS and on Cloudflare, as their READMEs say.
    expect(hoursUntil(20)).toBeCloseTo(6.2, 1);
    expect(hoursUntil(101)).toBeCloseTo(46.7, 1);
  });

  it.each([
    ['longer', 4000, 4000],
    ['shorter', 5, 20],
  ])(
    'waits for what the upstream asks for, if that is longer: %s',
    async (_, retryAfter, pause) => {
      test.upstream.failure = new UpstreamError('limited', 'limited', { retryAfter });
      const outcome = await test.mirror.handleFill(job, { delivery: 2 });
      expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: pause });
    },
  );
});

describe('a job whose blob another instance is filling', () => {
  beforeEach(async () => {
    expect(await acquire()).toBeDefined();
  });

  it('is done on the first delivery: the other instance has its own job', async () => {
    expect(await test.mirror.handleFill(job, { delivery: 1 })).toEqual({ kind: 'done' });
    expect(test.upstream.asked).toEqual([]);
  });

  it.each([
    [2, 60],
    [6, 320],
  ])(
    'comes back on its delivery %i: it may be the job of a filler that died',
    async (delivery, pause) => {
      const outcome = await test.mirror.handleFill(job, { delivery });
      expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: pause });
      test.pass(leaseLife);
      expect(await test.mirror.handleFill(job, { delivery: delivery + 1 })).toEqual({
        kind: 'done',
      });
      expect(await isStored()).toBe(true);
    },
  );
});

describe('a fill that pauses', () => {
  it('continues from its progress', async () => {
    const rest = await pause();
    expect(await test.another().handleFill(rest)).toEqual({ kind: 'done' });
    expect(puts).toEqual([undefined, 'half']);
    expect(await isStored()).toBe(true);
    expect(await acquire()).toBeDefined();
  });

  it('passes its lease on, so that no duplicate starts over meanwhile', async () => {
    const rest = await pause();
    test.pass(leaseLife - 1);
    expect(await test.another().handleFill(job)).toEqual({ kind: 'done' });
    expect(await test.another().handleFill(rest)).toEqual({ kind: 'done' });
    expect(puts).toEqual([undefined, 'half']);
  });

  it('has the full life of its lease left, however long it took', async () => {
    putTime = leaseLife - 1;
    await pause();
    test.pass(leaseLife - 1);
    expect(await acquire()).toBeUndefined();
    test.pass(1);
    expect(await acquire()).toBeDefined();
  });

  it('gets a new lease when its own has expired', async () => {
    const rest = await pause();
    test.pass(leaseLife);
    expect(await test.mirror.handleFill(rest)).toEqual({ kind: 'done' });
    expect(puts).toEqual([undefined, 'half']);
    expect(await isStored()).toBe(true);
  });

  it('is retried later if another instance has the lease', async () => {
    const rest = await pause();
    test.pass(leaseLife);
    await acquire();
    const outcome = await test.mirror.handleFill(rest);
    expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: 60 });
    expect(puts).toEqual([undefined]);
  });

  it('does not share its lease with an earlier delivery, which may still run', async () => {
    const rest = await pause();
    const outcome = await test.mirror.handleFill(rest, { delivery: 2 });
    expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: 60 });
    expect(puts).toEqual([undefined]);
  });

  it('releases the lease when the rest cannot be queued', async () => {
    isPausing = true;
    isQueueDown = true;
    const outcome = await test.mirror.handleFill(job, { pauseAt: 1 });
    expect(outcome).toMatchObject({ kind: 'retry', afterSeconds: 10 });
    expect(await acquire()).toBeDefined();
  });

  it('passes its progress to the store if the blob was stored in another way, to end its upload', async () => {
    const rest = await pause();
    isPausing = false;
    test.pass(leaseLife);
    expect(await test.mirror.handleFill(job)).toEqual({ kind: 'done' });
    test.upstream.asked.length = 0;
    expect(await test.mirror.handleFill(rest, { delivery: 3 })).toEqual({ kind: 'done' });
    expect(puts).toEqual([undefined, undefined, 'half']);
    expect(test.upstream.asked).toEqual([]);
  });
});

it('a job of a registry that is no longer configured is given up, and holds no lease', async () => {
  const gone = { ...job, repository: { registry: 'gone.example', name: 'a/b' } };
  expect(await test.mirror.handleFill(gone)).toEqual({
    kind: 'given-up',
    reason: 'gone.example is no longer configured',
  });
  expect(await acquire()).toBeDefined();
});
