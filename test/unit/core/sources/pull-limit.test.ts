import { beforeEach, expect, it } from 'vitest';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { PullLimit } from '../../../../functions/core/sources/pull-limit.ts';

const second = 1_000;
const hub = 'docker.io';
const refusal = new UpstreamError('limited', 'status 429');
const left = (remaining: number) => ({ limit: 100, remaining, windowSeconds: 21_600 });

let now: number;
let pulls: PullLimit;
beforeEach(() => {
  now = 1_000_000;
  pulls = new PullLimit(() => now);
});

it('is unknown at first', () => {
  expect(pulls.current).toBeUndefined();
});

it('lasts a minute after a refused pull, or until one is answered', () => {
  pulls.pulled(refusal);
  now += 59 * second;
  expect(pulls.current).toBe(refusal);
  now += second;
  expect(pulls.current).toBeUndefined();
  pulls.pulled(refusal);
  pulls.pulled();
  expect(pulls.current).toBeUndefined();
});

it('lasts ten minutes after a report that nothing is left, or until another one', () => {
  pulls.reported(hub, left(0));
  // The answer to the last pull reports it.
  pulls.pulled();
  now += 599 * second;
  expect(pulls.current).toMatchObject({ kind: 'limited' });
  pulls.reported(hub, left(0));
  now += 599 * second;
  expect(pulls.current).toMatchObject({ kind: 'limited' });
  pulls.reported(hub, left(1));
  expect(pulls.current).toBeUndefined();
});

it('lasts no longer than the window of the report', () => {
  pulls.reported(hub, { limit: 10, remaining: 0, windowSeconds: 1 });
  expect(pulls.current).toMatchObject({ kind: 'limited' });
  now += second;
  expect(pulls.current).toBeUndefined();
});

it('ends after a refused pull when a report says that something is left', () => {
  pulls.pulled(refusal);
  pulls.reported(hub, left(1));
  expect(pulls.current).toBeUndefined();
});

it('ends when the clock was set back', () => {
  pulls.reported(hub, left(0));
  pulls.pulled(refusal);
  now -= second;
  expect(pulls.current).toBeUndefined();
});
