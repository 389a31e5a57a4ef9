import { vi } from 'vitest';

/**
 * Does work without its pauses. `pass` is called at each turn of the event loop and lets time pass;
 * unless given, each timer fires as soon as it is the next. Only setTimeout is faked: sockets and
 * streams go on as ever.
 */
export async function withoutWaiting<Result>(
  work: () => Promise<Result>,
  pass: () => void = () => vi.advanceTimersToNextTimer(),
): Promise<Result> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    const result = work();
    result.then(settle, settle);
    while (!isSettled) {
      await new Promise((resolve) => setImmediate(resolve));
      pass();
    }
    return await result;
  } finally {
    vi.useRealTimers();
  }
}
