import { waitUntil } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { nativeHashes } from '../../core/bucket/put/hash.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Runtime } from '../../core/ports/runtime.ts';

/** The runtime of an isolate. */
export function workerRuntime(observe: (event: MirrorEvent) => void): Runtime {
  return {
    now: () => Date.now(),
    observe,
    waitUntil: (work) => waitUntil(work),
    createHash: nativeHashes(createHash),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
  };
}

/**
 * Gives a stream its Content-Length, so that clients notice when it breaks. workerd would end a broken
 * stream of unknown length as if it were complete.
 */
export function withFixedLength(response: Response): Response {
  const { body, headers } = response;
  const length = headers.get('content-length');
  if (body === null || length === null) return response;
  const { readable, writable } = new FixedLengthStream(Number(length));
  // The connection is cut, and the mirror logs its own event.
  body.pipeTo(writable).catch(() => undefined);
  return new Response(readable, response);
}
