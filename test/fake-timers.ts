import { vi } from 'vitest';

/**
 * Does work whose timers fire at once, in their order, as soon as `may` says so. Only setTimeout is
 * faked: sockets and streams go on as ever.
 */
export async function withoutWaiting<Result>(
  work: () => Promise<Result>,
  may: () => boolean = () => true,
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
      if (may()) vi.advanceTimersToNextTimer();
    }
    return await result;
  } finally {
    vi.useRealTimers();
  }
}
