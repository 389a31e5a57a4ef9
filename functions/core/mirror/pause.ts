import { StoreBusy } from '../ports/store-busy.ts';
import type { Parts } from './context.ts';

/** How often a write is tried that others wait for, and about how long after one another, in ms. */
const mostTries = 3;
const busyPause = 1_000;

/** Sleeps for half to one and a half of so many ms: those who began together do not stay together. */
export function pauseFor({ runtime }: Pick<Parts, 'runtime'>, milliseconds: number): Promise<void> {
  return runtime.sleep(milliseconds * (0.5 + runtime.random()));
}

/**
 * Writes what other instances wait for, also when they keep the store busy by looking for it: were
 * it lost, each of them in turn would do the work again.
 */
export async function writePatiently<Result>(
  parts: Pick<Parts, 'runtime'>,
  write: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreBusy) || tries === mostTries) throw error;
      await pauseFor(parts, busyPause);
    }
  }
}
