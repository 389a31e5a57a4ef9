import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FillJob, FillOutcome } from '../../../../functions/core/ports/fill-queue.ts';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';
import { PersistentFillQueue } from '../../../../functions/local/lmdb/fill-queue.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { patience } from '../../../patience.ts';

let folder: string;
let index: IndexDatabase;
let now = 1_000_000;
let queue: PersistentFillQueue;
let givenUp: { job: FillJob; reason: string }[];
let onGivenUp: () => void;

const repository = { registry: 'docker.io', name: 'library/app' };
const busy = { kind: 'retry', afterSeconds: 0, reason: 'busy' } as const;

function jobOf(text: string): FillJob {
  return { repository, blob: { digest: madeDigest(text), size: 1, mediaType: 'layer' } };
}

function openQueue(concurrency = 4): PersistentFillQueue {
  return new PersistentFillQueue(index, {
    now: () => now,
    concurrency,
    onGivenUp: (job, reason) => {
      givenUp.push({ job, reason });
      onGivenUp();
    },
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-queue-'));
  index = openIndexDatabase(folder);
  givenUp = [];
  onGivenUp = () => undefined;
  queue = openQueue();
});
afterEach(async () => {
  await queue.stop();
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

test('at most so many jobs are handled at once, and all in the end', async () => {
  queue = openQueue(3);
  let running = 0;
  let most = 0;
  let handled = 0;
  const all = new Promise<void>((resolve) => {
    queue.start(async () => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 5; turn++) await new Promise((wake) => setImmediate(wake));
      running -= 1;
      handled += 1;
      if (handled === 20) resolve();
      return { kind: 'done' };
    });
  });
  await queue.enqueue(Array.from({ length: 20 }, (_, at) => jobOf(String(at))));
  await all;
  expect(most).toBe(3);
});

describe('jobs of one registry that take long', () => {
  const of = (registry: string, text: string): FillJob => ({
    ...jobOf(text),
    repository: { registry, name: 'library/app' },
  });

  /** Handles each job until it is told to end; gives the registries of all that were begun. */
  function startHeld() {
    const held: { readonly registry: string; end(): void }[] = [];
    const begun: string[] = [];
    queue.start(({ repository: { registry } }, signal) => {
      begun.push(registry);
      return new Promise((settle) => {
        const end = () => settle({ kind: 'done' });
        signal.addEventListener('abort', end);
        held.push({ registry, end });
      });
    });
    /** Ends the first job of a registry, and waits until it is done. */
    const end = async (registry: string) => {
      const length = queue.length;
      const at = held.findIndex((job) => job.registry === registry);
      held.splice(at, 1)[0]?.end();
      await vi.waitFor(() => expect(queue.length).toBe(length - 1), patience);
    };
    return { begun, end };
  }

  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

  test('leave a place for each other registry', async () => {
    const { begun, end } = startHeld();
    await queue.enqueue(ids.map((id) => of('slow.test', id)));
    await queue.enqueue(ids.slice(0, 3).map((id) => of('good.test', id)));
    expect(begun).toEqual([...Array(4).fill('slow.test'), 'good.test']);
    for (let count = 6; count <= 7; count++) {
      await end('good.test');
      await vi.waitFor(() => expect(begun).toHaveLength(count), patience);
    }
    expect(begun.slice(5)).toEqual(['good.test', 'good.test']);
  });

  test('give up their places to who has fewer', async () => {
    const { begun, end } = startHeld();
    await queue.enqueue(ids.map((id) => of('slow.test', id)));
    await queue.enqueue(ids.map((id) => of('good.test', id)));
    // Five are under way: only the second end makes one of the four places free.
    await end('slow.test');
    await end('slow.test');
    await vi.waitFor(() => expect(begun).toHaveLength(6), patience);
    expect(begun.slice(5)).toEqual(['good.test']);
  });
});

test('a job that is queued or running is not handled a second time', async () => {
  let handled = 0;
  let finish: (outcome: FillOutcome) => void = () => undefined;
  const began = new Promise<void>((resolve) => {
    queue.start(() => {
      handled += 1;
      resolve();
      return new Promise((settle) => {
        finish = settle;
      });
    });
  });
  await Promise.all([queue.enqueue([jobOf('a'), jobOf('a')]), queue.enqueue([jobOf('a')])]);
  await began;
  await queue.enqueue([jobOf('a')]);
  expect(queue.length).toBe(1);
  finish({ kind: 'done' });
  await queue.stop();
  expect(handled).toBe(1);
  expect(openQueue().length).toBe(0);
});

test('after twenty attempts a job is given up, removed and reported', async () => {
  let attempts = 0;
  const reported = new Promise<void>((resolve) => {
    onGivenUp = resolve;
  });
  queue.start(async () => {
    attempts += 1;
    return busy;
  });
  await queue.enqueue([jobOf('a')]);
  await reported;
  expect(attempts).toBe(20);
  expect(givenUp).toEqual([{ job: jobOf('a'), reason: 'busy' }]);
  expect(openQueue().length).toBe(0);
});

test('a refused job is given up at once', async () => {
  const reported = new Promise<void>((resolve) => {
    onGivenUp = resolve;
  });
  queue.start(async () => ({ kind: 'given-up', reason: 'refused' }));
  await queue.enqueue([jobOf('a')]);
  await reported;
  expect(givenUp).toEqual([{ job: jobOf('a'), reason: 'refused' }]);
  expect(queue.length).toBe(0);
});

test('a delay and the attempts made are kept over a restart', async () => {
  const tried = new Promise<void>((resolve) => {
    queue.start(async () => {
      resolve();
      return { kind: 'retry', afterSeconds: 3600, reason: 'limited' };
    });
  });
  await queue.enqueue([jobOf('a')]);
  await tried;
  while (index.fills.get(['docker.io/library/app', madeDigest('a')])?.attempts !== 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await queue.stop();

  queue = openQueue();
  const early: FillJob[] = [];
  queue.start(async (job) => {
    early.push(job);
    return busy;
  });
  await queue.enqueue([jobOf('another, to see that the queue runs')]);
  while (early.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(early).not.toContainEqual(jobOf('a'));
  await queue.stop();

  now += 3_600_000;
  queue = openQueue();
  let attempts = 0;
  const reported = new Promise<void>((resolve) => {
    onGivenUp = () => givenUp.some(({ job }) => job.blob.digest === madeDigest('a')) && resolve();
  });
  queue.start(async (job) => {
    if (job.blob.digest === madeDigest('a')) attempts += 1;
    return busy;
  });
  await reported;
  expect(attempts).toBe(19);
});

test('a time that a clock left in the future delays a job by an hour at most', async () => {
  const job = jobOf('a');
  const notBefore = now + 10 * 365 * 86_400_000;
  await index.write(() => {
    void index.fills.put(['docker.io/library/app', job.blob.digest], {
      job,
      attempts: 1,
      notBefore,
    });
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    queue = openQueue();
    const handled: FillJob[] = [];
    queue.start(async (one) => {
      handled.push(one);
      return { kind: 'done' };
    });
    vi.advanceTimersByTime(3_599_000);
    expect(handled).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(handled).toEqual([job]);
  } finally {
    vi.useRealTimers();
  }
});

test('a clock that is set back does not delay a retry', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let attempts = 0;
    queue.start(async () => {
      attempts += 1;
      now -= 86_400_000;
      return { kind: 'retry', afterSeconds: 10, reason: 'busy' };
    });
    await queue.enqueue([jobOf('a')]);
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(10_000);
    expect(attempts).toBe(2);
  } finally {
    now = 1_000_000;
    vi.useRealTimers();
  }
});

test('a job that waits is handled at once if it is queued again', async () => {
  let attempts = 0;
  let tried: () => void = () => undefined;
  queue.start(async () => {
    attempts += 1;
    tried();
    return { kind: 'retry', afterSeconds: 1800, reason: 'down' };
  });
  await queue.enqueue([jobOf('a')]);
  await vi.waitUntil(
    () => index.fills.get(['docker.io/library/app', madeDigest('a')])?.attempts === 1,
  );
  const again = new Promise<void>((resolve) => {
    tried = resolve;
  });
  await queue.enqueue([jobOf('a')]);
  await again;
  expect(attempts).toBe(2);
});

test('stopping aborts the handlers, waits for them and keeps their jobs', async () => {
  let isOver = false;
  const began = new Promise<void>((resolve) => {
    queue.start(async (_, signal) => {
      resolve();
      await new Promise((wake) => signal.addEventListener('abort', wake));
      for (let turn = 0; turn < 5; turn++) await new Promise((wake) => setImmediate(wake));
      isOver = true;
      return { kind: 'given-up', reason: 'it was stopped' };
    });
  });
  await queue.enqueue([jobOf('a')]);
  await began;
  await queue.stop();
  expect(isOver).toBe(true);
  expect(givenUp).toEqual([]);
  expect(openQueue().length).toBe(1);
});

test('what was done while stopping is done', async () => {
  const began = new Promise<void>((resolve) => {
    queue.start(async (_, signal) => {
      resolve();
      await new Promise((wake) => signal.addEventListener('abort', wake));
      return { kind: 'done' };
    });
  });
  await queue.enqueue([jobOf('a')]);
  await began;
  await queue.stop();
  expect(openQueue().length).toBe(0);
});

test('a handler that rejects, which it should not, costs an attempt and nothing else', async () => {
  const tried = new Promise<void>((resolve) => {
    queue.start(() => {
      resolve();
      return Promise.reject(new Error('broken'));
    });
  });
  await queue.enqueue([jobOf('a')]);
  await tried;
  await queue.stop();
  expect(openQueue().length).toBe(1);
});

test('a job that cannot be written is not accepted', async () => {
  const failing = new PersistentFillQueue(
    { fills: index.fills, write: () => Promise.reject(new Error('disk full')) },
    { now: () => now, concurrency: 1 },
  );
  let handled = 0;
  failing.start(async () => {
    handled += 1;
    return { kind: 'done' };
  });
  const both = [failing.enqueue([jobOf('a')]), failing.enqueue([jobOf('a')])];
  for (const outcome of both) await expect(outcome).rejects.toThrow('disk full');
  expect(failing.length).toBe(0);
  expect(handled).toBe(0);
});
