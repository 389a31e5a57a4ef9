import { waitUntil } from 'cloudflare:workers';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Runtime } from '../../core/ports/runtime.ts';
import { platformHash } from '../r2/blob-hash.ts';

/** The runtime of an isolate. Work belongs to the request in whose name it began. */
export function workerRuntime(observe: (event: MirrorEvent) => void): Runtime {
  return {
    now: () => Date.now(),
    observe,
    waitUntil,
    createHash: platformHash,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
  };
}
