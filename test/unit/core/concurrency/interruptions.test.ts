import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  Interruptions,
  untilDeadline,
} from '../../../../functions/core/concurrency/interruptions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => undefined);

it('gives the result of work that ends before the deadline, and leaves no timer', async () => {
  const end = untilDeadline(
    Promise.resolve(1),
    () => Date.now() + 50,
    new Interruptions(),
    Date.now,
  );
  expect(await end).toEqual({ value: 1 });
  expect(vi.getTimerCount()).toBe(0);
});

it('is late at the deadline, also while the clock stands still', async () => {
  const end = untilDeadline(
    never,
    () => 50,
    new Interruptions(),
    () => 0,
  );
  await vi.advanceTimersByTimeAsync(50);
  expect(await end).toBe('late');
});

it('waits on if the deadline was put off, and ends earlier if it is brought forward', async () => {
  const began = Date.now();
  const interruptions = new Interruptions();
  let deadline = began + 50;
  let end: unknown;
  void untilDeadline(never, () => deadline, interruptions, Date.now).then((value) => {
    end = [value, Date.now() - began];
  });
  deadline = began + 200;
  await vi.advanceTimersByTimeAsync(100);
  expect(end).toBeUndefined();
  deadline = began + 120;
  interruptions.interrupt();
  await vi.advanceTimersByTimeAsync(100);
  expect(end).toEqual(['late', 120]);
});

it('rejects as the work does', async () => {
  const failing = Promise.reject(new Error('broken'));
  const end = untilDeadline(failing, () => undefined, new Interruptions(), Date.now);
  await expect(end).rejects.toThrow('broken');
});

it('never is late without a deadline, and needs no timer', async () => {
  const interruptions = new Interruptions();
  let deadline: number | undefined;
  const end = untilDeadline(
    never,
    () => deadline,
    interruptions,
    () => 0,
  );
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(vi.getTimerCount()).toBe(0);
  deadline = 7;
  interruptions.interrupt();
  await vi.advanceTimersByTimeAsync(7);
  expect(await end).toBe('late');
});

it('goes on after an interruption that changes nothing', async () => {
  const interruptions = new Interruptions();
  const end = untilDeadline(
    never,
    () => 50,
    interruptions,
    () => 0,
  );
  interruptions.interrupt();
  let isOver = false;
  void end.then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(49);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await end).toBe('late');
});

it('is late at once after the deadline', async () => {
  const end = new Interruptions().next(-5);
  await vi.advanceTimersByTimeAsync(0);
  expect(await end).toBe('late');
});
