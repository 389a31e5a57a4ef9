import { createHash } from 'node:crypto';
import type { MirrorEvent } from '../core/ports/event.ts';
import type { Runtime } from '../core/ports/runtime.ts';

/** The runtime of this process, and the end of the work that outlives its answers. */
export interface NodeRuntime {
  readonly runtime: Runtime;
  /**
   * Resolves when no work is under way any more, or after so many ms where they are given: what is
   * not done by then goes on, on Lambda with the next event.
   */
  settled(milliseconds?: number): Promise<void>;
}

/** Makes the runtime of this process. */
export function nodeRuntime(observe: (event: MirrorEvent) => void): NodeRuntime {
  const works = new Set<Promise<unknown>>();
  const runtime: Runtime = {
    now: Date.now,
    observe,
    waitUntil(work) {
      works.add(work);
      const forget = () => works.delete(work);
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
      if (works.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<true>((resolve) => {
        if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds, true);
      });
      // Work may begin further work.
      while (works.size > 0) {
        if ((await Promise.race([Promise.allSettled(works), enough])) === true) break;
      }
      clearTimeout(timer);
    },
  };
}
