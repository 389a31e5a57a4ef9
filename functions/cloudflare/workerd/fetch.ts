import type { UpstreamFetch } from '../../core/upstream/connection.ts';

/** The most bytes of a read. */
const chunkBytes = 256 * 1024;

/** After this many bytes a body yields to other requests: a fast upstream never pauses. */
const burstBytes = 1024 * 1024;

/**
 * The fetch for requests to upstreams. The runtime resolves names itself and reaches only public
 * addresses, so just the addresses in URLs are checked.
 */
export const workerFetch: UpstreamFetch = async (url, { destinations, ...init }) => {
  destinations.checkUrl(new URL(url));
  // Bypass Cloudflare's cache: a cached HEAD would confirm a tag that has moved.
  const response = await fetch(url, { ...init, cache: 'no-store' });
  const { body, status, headers } = response;
  const length = Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  if (body === null || length < chunkBytes) return response;
  return new Response(inLargeChunks(body), { status, headers });
};

/**
 * Reads a stream in larger chunks. By default workerd reads 4 KB at a time, and 10 GB would take more
 * CPU time than an invocation has. A chunk is what has arrived; nothing waits for a full one.
 */
function inLargeChunks(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader({ mode: 'byob' });
  let unbroken = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read(new Uint8Array(chunkBytes));
        if (done) return controller.close();
        controller.enqueue(value);
        unbroken += value.byteLength;
        if (unbroken < burstBytes) return;
        unbroken = 0;
        await scheduler.wait(0);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
