import type { Context } from './context.ts';

/** How often a write is tried that others wait for, and about how long after one another, in ms. */
const mostTries = 3;
const busyPause = 1_000;

/** Sleeps for half to one and a half of so many ms: those who began together do not stay together. */
export function pauseFor(
  { runtime }: Pick<Context, 'runtime'>,
  milliseconds: number,
): Promise<void> {
  return runtime.sleep(milliseconds * (0.5 + runtime.random()));
}

/**
 * Writes what other instances wait for by way of an attempted port, also when they keep the store
 * busy by looking for it: were it lost, each of them in turn would do the work again. Does not reject.
 */
export async function writePatiently(
  context: Pick<Context, 'runtime'>,
  write: () => Promise<unknown>,
): Promise<void> {
  for (let tries = 1; (await write()) === 'busy'; tries++) {
    if (tries === mostTries) {
      const reason = 'too many instances ask the store at once';
      context.runtime.observe({ kind: 'store-failed', operation: 'write', reason });
      return;
    }
    await pauseFor(context, busyPause);
  }
}
