import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noAnswer, untilLimit } from '../../../../functions/core/upstream/host-timing.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const limit = { milliseconds: 1000, message: 'no headers within 1 s' };
const at = {} as never;

test('an answer ends the wait', async () => {
  const response = new Response();
  expect(await untilLimit.send(at, limit, async () => response)).toBe(response);
  expect(vi.getTimerCount()).toBe(0);
});

test('an error of the request is passed on', async () => {
  const error = new Error('gone');
  const sending = untilLimit.send(at, limit, () => Promise.reject(error));
  await expect(sending).rejects.toBe(error);
  expect(vi.getTimerCount()).toBe(0);
});

test('the request is aborted at the limit', async () => {
  let aborted = false;
  const sending = untilLimit.send(at, limit, (signal) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  });
  const failure = expect(sending).rejects.toMatchObject({
    kind: 'timeout',
    message: limit.message,
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await failure;
});

test('a host that is silent may be alive', () => {
  expect(noAnswer()).toMatchObject({ kind: 'timeout', isHostAlive: false });
  expect(noAnswer(true)).toMatchObject({ kind: 'timeout', isHostAlive: true });
});
