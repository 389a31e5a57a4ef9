import type { Parts } from '../parts.ts';

/** Sleeps for half to one and a half of so many ms: those who began together do not stay together. */
export function pauseFor({ runtime }: Pick<Parts, 'runtime'>, milliseconds: number): Promise<void> {
  return runtime.sleep(milliseconds * (0.5 + runtime.random()));
}
