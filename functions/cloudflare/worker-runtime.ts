import { waitUntil } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import type { MirrorEvent } from '../core/mirror/mirror-event.ts';
import type { Runtime } from '../core/ports/runtime.ts';

/** The runtime of an isolate. Work belongs to the request in whose name it began. */
export function workerRuntime(observe: (event: MirrorEvent) => void): Runtime<MirrorEvent> {
  return {
    now: () => Date.now(),
    observe,
    waitUntil,
    createHash(algorithm) {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
  };
}
