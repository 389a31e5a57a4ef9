import { createHash } from 'node:crypto';
import type { MirrorEvent } from '../core/ports/event.ts';
import type { Runtime } from '../core/ports/runtime.ts';

/** The runtime of this process. */
export interface NodeRuntime {
  readonly runtime: Runtime;
  /**
   * Waits for background work, at most `milliseconds` if given. Unfinished work continues, on Lambda
   * with the next event.
   */
  settled(milliseconds?: number): Promise<void>;
}

/** Creates the runtime of this process. */
export function nodeRuntime(observe: (event: MirrorEvent) => void): NodeRuntime {
  const background = new Set<Promise<unknown>>();
  const runtime: Runtime = {
    now: Date.now,
    observe,
    waitUntil(work) {
      background.add(work);
      const forget = () => background.delete(work);
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
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<true>((resolve) => {
        if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds, true);
      });
      // Background work may start more of it.
      while (background.size > 0) {
        if ((await Promise.race([Promise.allSettled(background), timeout])) === true) break;
      }
      clearTimeout(timer);
    },
  };
}
