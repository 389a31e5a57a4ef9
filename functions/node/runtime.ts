import { createHash } from 'node:crypto';
import type { MirrorEvent } from '../core/ports/event.ts';
import type { Runtime } from '../core/ports/runtime.ts';

/** The runtime of this process. */
export interface NodeRuntime {
  readonly runtime: Runtime;
  /**
   * Waits for background work, at most `milliseconds` if given, or longer for work that must keep the
   * process awake. Unfinished work continues, on Lambda with the next event.
   */
  settled(milliseconds?: number): Promise<void>;
}

/** Creates the runtime of this process. */
export function nodeRuntime(observe: (event: MirrorEvent) => void): NodeRuntime {
  const background = new Set<Promise<unknown>>();
  /** By the clock of `performance`. */
  const awakeUntil = new Map<Promise<unknown>, number>();
  const runtime: Runtime = {
    now: Date.now,
    observe,
    waitUntil(work, awake) {
      background.add(work);
      if (awake !== undefined) awakeUntil.set(work, performance.now() + awake);
      const forget = () => {
        background.delete(work);
        awakeUntil.delete(work);
      };
      work.then(forget, forget);
    },
    createHash(algorithm) {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
  };
  return {
    runtime,
    async settled(milliseconds) {
      if (background.size === 0) return;
      await settledOf(background, milliseconds);
      let end = 0;
      for (const time of awakeUntil.values()) end = Math.max(end, time);
      const left = end - performance.now();
      if (left > 0) await settledOf(awakeUntil, left);
    },
  };
}

type Works = Pick<Map<Promise<unknown>, unknown>, 'size' | 'keys'>;

/** Waits until there is no work any more, at most `milliseconds` if given: work may start more of it. */
async function settledOf(works: Works, milliseconds: number | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<true>((resolve) => {
    if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds, true);
  });
  while (works.size > 0) {
    if ((await Promise.race([Promise.allSettled(works.keys()), timeout])) === true) break;
  }
  clearTimeout(timer);
}
