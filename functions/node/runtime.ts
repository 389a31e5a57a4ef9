import { createHash } from 'node:crypto';
import type { MirrorEvent } from '../core/mirror/mirror-event.ts';
import type { Runtime } from '../core/ports/runtime.ts';

/** The runtime of this process, and the end of the work that outlived its requests. */
export function nodeRuntime(observe: (event: MirrorEvent) => void): {
  readonly runtime: Runtime<MirrorEvent>;
  settled(): Promise<unknown>;
} {
  const works = new Set<Promise<unknown>>();
  const runtime: Runtime<MirrorEvent> = {
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
  };
  return { runtime, settled: () => Promise.allSettled(works) };
}
