import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FillJob, FillOutcome } from '../../../functions/core/ports/fill-queue.ts';
import {
  type FillTable,
  MemoryFillQueue,
  type StoredFill,
} from '../../../functions/memory/fill-queue.ts';
import { madeDigest } from '../../contract/made-content.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const hour = 3_600_000;
const done: FillOutcome = { kind: 'done' };

function job(text: string, registry = 'docker.io'): FillJob {
  const blob = { mediaType: 'application/octet-stream', digest: madeDigest(text), size: 1 };
  return { repository: { registry, name: 'library/app' } as never, blob };
}

/** A queue, what its table was asked, and what was given up. */
function scene(left: readonly StoredFill[] = [], concurrency = 2) {
  const puts: StoredFill[] = [];
  const removed: FillJob[] = [];
  const givenUp: string[] = [];
  const table: FillTable = {
    put: async (fills) => void puts.push(...fills),
    remove: async (one) => void removed.push(one),
  };
  const now = () => Date.now();
  const onGivenUp = (_: FillJob, reason: string) => void givenUp.push(reason);
  const queue = new MemoryFillQueue({ now, concurrency, onGivenUp }, table, left);
  return { queue, table, puts, removed, givenUp };
}

/** Starts a queue whose handler notes the attempts and gives an outcome for each. */
function started(queue: MemoryFillQueue, outcomeOf: (attempt: number) => FillOutcome) {
  const attempts: number[] = [];
  queue.start(async (_, __, attempt) => {
    attempts.push(attempt);
    return outcomeOf(attempt);
  });
  return attempts;
}

const settle = () => vi.advanceTimersByTimeAsync(0);

it('writes a job before it is accepted, and removes it when it is done', async () => {
  const { queue, puts, removed } = scene();
  const attempts = started(queue, () => done);
  await queue.enqueue([job('a')]);
  expect(puts).toEqual([{ job: job('a'), attempts: 0, notBefore: 0 }]);
  await settle();
  expect(attempts).toEqual([1]);
  expect(removed).toEqual([job('a')]);
  expect(queue.length).toBe(0);
});

it('writes nothing for no jobs, and a job that waits once', async () => {
  const { queue, puts } = scene();
  await queue.enqueue([]);
  await queue.enqueue([job('a'), job('a')]);
  await queue.enqueue([job('a')]);
  expect(puts).toHaveLength(1);
  expect(queue.length).toBe(1);
});

it('forgets a job that could not be written', async () => {
  const { queue, table } = scene();
  const attempts = started(queue, () => done);
  const failing = vi.spyOn(table, 'put').mockRejectedValueOnce(new Error('full'));
  await expect(queue.enqueue([job('a')])).rejects.toThrow('full');
  expect(queue.length).toBe(0);
  await settle();
  expect(attempts).toEqual([]);
  failing.mockRestore();
  await queue.enqueue([job('a')]);
  await settle();
  expect(attempts).toEqual([1]);
});

it('tries again after the wait that the outcome says, with the attempt counted', async () => {
  const { queue, puts } = scene();
  const attempts = started(queue, (attempt) =>
    attempt === 1 ? { kind: 'retry', afterSeconds: 5, reason: 'busy' } : done,
  );
  await queue.enqueue([job('a')]);
  await vi.advanceTimersByTimeAsync(4999);
  expect(attempts).toEqual([1]);
  expect(puts.at(-1)).toMatchObject({ attempts: 1 });
  expect((puts.at(-1)?.notBefore ?? 0) - Date.now()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(attempts).toEqual([1, 2]);
});

it('does not count the attempts of a deferred job', async () => {
  const { queue, givenUp } = scene();
  let left = 50;
  const attempts = started(queue, () =>
    left-- > 0 ? { kind: 'deferred', afterSeconds: 1, reason: 'limited' } : done,
  );
  await queue.enqueue([job('a')]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toHaveLength(51);
  expect(new Set(attempts)).toEqual(new Set([1]));
  expect(givenUp).toEqual([]);
});

it('gives a job up after twenty attempts, and a negative wait is none', async () => {
  const { queue, givenUp, removed } = scene();
  const attempts = started(queue, () => ({ kind: 'retry', afterSeconds: -1, reason: 'down' }));
  await queue.enqueue([job('a')]);
  await vi.advanceTimersByTimeAsync(1000);
  // A job that waits no time is taken when the next one is.
  for (let times = 0; times < 30; times++) {
    await queue.enqueue([job('b')]);
    await settle();
  }
  expect(Math.max(...attempts)).toBe(20);
  expect(givenUp.every((reason) => reason === 'down')).toBe(true);
  expect(removed).toContainEqual(job('a'));
});

it('gives up at once what the handler gives up', async () => {
  const { queue, givenUp, removed } = scene();
  const attempts = started(queue, () => ({ kind: 'given-up', reason: 'gone' }));
  await queue.enqueue([job('a')]);
  await settle();
  expect(attempts).toEqual([1]);
  expect(givenUp).toEqual(['gone']);
  expect(removed).toEqual([job('a')]);
});

it.each([
  [10_000, 1],
  [10_001, 0],
])('with %s jobs waiting, a job of four attempts is kept: %s', async (count, kept) => {
  const first = { job: job('first'), attempts: 4, notBefore: 0 };
  const others = Array.from({ length: count - 1 }, (_, at) => ({
    job: job(`other ${at}`),
    attempts: 0,
    notBefore: Number.POSITIVE_INFINITY,
  }));
  const { queue } = scene([first, ...others]);
  started(queue, () => ({ kind: 'retry', afterSeconds: 60, reason: 'down' }));
  await settle();
  expect(queue.length).toBe(count - 1 + kept);
});

it('tries again ten seconds after its handler rejected', async () => {
  const { queue } = scene();
  let attempts = 0;
  queue.start(async () => {
    attempts += 1;
    throw new Error('a bug');
  });
  await queue.enqueue([job('a')]);
  await vi.advanceTimersByTimeAsync(9999);
  expect(attempts).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(attempts).toBe(2);
});

it('a client that needs a job ends its wait', async () => {
  const { queue } = scene();
  const attempts = started(queue, (attempt) =>
    attempt === 1 ? { kind: 'retry', afterSeconds: 1000, reason: 'busy' } : done,
  );
  await queue.enqueue([job('a')]);
  await settle();
  await queue.enqueue([job('a')]);
  await settle();
  expect(attempts).toEqual([1, 2]);
});

it.each([
  ['the past', -5000, 0],
  ['ten seconds', 10_000, 10_000],
  ['a day, by a clock that was ahead', 24 * hour, hour],
])('a job that an earlier process left for %s waits so long', async (_, wait, longest) => {
  const { queue } = scene([{ job: job('a'), attempts: 3, notBefore: Date.now() + wait }]);
  const attempts = started(queue, () => done);
  await vi.advanceTimersByTimeAsync(Math.max(0, longest - 1));
  expect(attempts).toEqual(longest === 0 ? [4] : []);
  await vi.advanceTimersByTimeAsync(1);
  expect(attempts).toEqual([4]);
});

it('a wait longer than a timer allows does not end at once', async () => {
  const { queue } = scene();
  const attempts = started(queue, () => ({ kind: 'retry', afterSeconds: 4e6, reason: 'later' }));
  await queue.enqueue([job('a')]);
  await vi.advanceTimersByTimeAsync(hour);
  expect(attempts).toEqual([1]);
});

it('runs as many jobs as it may, and one of a registry that has none', async () => {
  const { queue } = scene([], 2);
  const running: string[] = [];
  const ends: (() => void)[] = [];
  queue.start((one) => {
    running.push(one.repository.registry);
    return new Promise((resolve) => ends.push(() => resolve(done)));
  });
  await queue.enqueue(['1', '2', '3'].map((text) => job(text)));
  expect(running).toEqual(['docker.io', 'docker.io']);
  await queue.enqueue(['1', '2'].map((text) => job(text, 'ghcr.io')));
  expect(running).toEqual(['docker.io', 'docker.io', 'ghcr.io']);
  ends[0]?.();
  await settle();
  expect(running).toHaveLength(3);
  ends[1]?.();
  await settle();
  expect(running.slice(3)).toEqual(['docker.io']);
  ends[2]?.();
  await settle();
  expect(running.slice(3)).toEqual(['docker.io', 'ghcr.io']);
});

it('stops its handlers and keeps their jobs', async () => {
  const { queue, removed, puts } = scene([], 1);
  queue.start(
    (_, signal) =>
      new Promise((resolve) => {
        const outcome: FillOutcome = { kind: 'retry', afterSeconds: 1, reason: 'aborted' };
        signal.addEventListener('abort', () => resolve(outcome));
      }),
  );
  await queue.enqueue([job('a'), job('b')]);
  await queue.stop();
  expect(queue.length).toBe(2);
  expect(removed).toEqual([]);
  expect(puts).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});

it('removes a job that was done while it stopped', async () => {
  const { queue, removed } = scene();
  queue.start(
    (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(done))),
  );
  await queue.enqueue([job('a')]);
  await queue.stop();
  expect(removed).toEqual([job('a')]);
});

it('ends the waits of jobs when it stops', async () => {
  const { queue } = scene();
  const attempts = started(queue, () => ({ kind: 'retry', afterSeconds: 10, reason: 'busy' }));
  await queue.enqueue([job('a')]);
  await settle();
  await queue.stop();
  expect(vi.getTimerCount()).toBe(0);
  await queue.enqueue([job('b')]);
  await settle();
  expect(attempts).toEqual([1]);
});
