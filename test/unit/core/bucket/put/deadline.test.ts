import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../../../../functions/core/bucket/put/deadline.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new AbortController().signal;

test('without a time nothing ends it but the put', () => {
  const put = new AbortController();
  const deadline = new Deadline(undefined, Date.now, put.signal);
  expect(deadline.timeLeft()).toBe(Number.POSITIVE_INFINITY);
  expect(vi.getTimerCount()).toBe(0);
  deadline.check();
  put.abort(new Error('stopped'));
  expect(() => deadline.check()).toThrow('stopped');
  expect(deadline.hasPassed).toBe(false);
});

test('it passes at its time', () => {
  const deadline = new Deadline(1500, Date.now, never);
  expect(deadline.timeLeft()).toBe(500);
  vi.advanceTimersByTime(499);
  deadline.check();
  expect([deadline.hasPassed, deadline.signal.aborted]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  expect([deadline.hasPassed, deadline.signal.aborted]).toEqual([true, true]);
  expect(deadline.timeLeft()).toBe(0);
  expect(() => deadline.check()).toThrow('the put has to pause');
  vi.advanceTimersByTime(1000);
  expect(deadline.timeLeft()).toBe(0);
});

test('also where no timer runs', () => {
  const deadline = new Deadline(1500, Date.now, never);
  vi.setSystemTime(1500);
  expect(deadline.hasPassed).toBe(false);
  expect(() => deadline.check()).toThrow('the put has to pause');
  expect(deadline.hasPassed).toBe(true);
});

test('an aborted put does not pause', () => {
  const put = new AbortController();
  const deadline = new Deadline(1500, Date.now, put.signal);
  put.abort(new Error('stopped'));
  vi.advanceTimersByTime(500);
  expect(deadline.hasPassed).toBe(false);
  expect(() => deadline.check()).toThrow('stopped');
});

test('one that is weeks away does not pass at once, and a cleared one never', () => {
  const deadline = new Deadline(1000 + 2 ** 31, Date.now, never);
  vi.advanceTimersByTime(1000);
  expect(deadline.hasPassed).toBe(false);
  deadline.clear();
  expect(vi.getTimerCount()).toBe(0);
});
