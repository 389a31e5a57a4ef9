import { waitUntil } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { nativeHashes } from '../../core/bucket/put/hash.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Runtime } from '../../core/ports/runtime.ts';

/** The runtime of an isolate. Work belongs to the request in whose name it began. */
export function workerRuntime(observe: (event: MirrorEvent) => void): Runtime {
  return {
    now: () => Date.now(),
    observe,
    waitUntil,
    createHash: nativeHashes(createHash),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
  };
}

/**
 * The same response, cut where its stream breaks. workerd ends a stream of unknown length as if it were
 * whole when it breaks, so a stream whose length is known goes out with its length.
 */
export function withFixedLength(response: Response): Response {
  const { body, headers } = response;
  const length = headers.get('content-length');
  if (body === null || length === null) return response;
  const { readable, writable } = new FixedLengthStream(Number(length));
  // Its failure reaches the client by the cut, and the log by the mirror's own event.
  body.pipeTo(writable).catch(() => undefined);
  return new Response(readable, response);
}
