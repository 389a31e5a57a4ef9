import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { fetchError } from './network-error.ts';

/** Headers as the Web has them. undici decodes their values as Latin-1, as the Web does. */
export function webHeaders(received: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(received)) {
    for (const value of Array.isArray(values) ? values : [values]) headers.append(name, value);
  }
  return headers;
}

/** How many bytes are buffered for a slow reader before the socket is paused. */
const highWaterMark = 256 * 1024;

/** A body as the Web has it, read at the reader's pace. Its errors are FetchErrors. */
export function webBody(body: Readable): ReadableStream<Uint8Array> {
  let ended = false;
  const end = (act: () => void) => {
    if (!ended) act();
    ended = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.on('data', (chunk: Uint8Array) => {
          if (ended) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) body.pause();
        });
        body.on('end', () => end(() => controller.close()));
        body.on('error', (error) => end(() => controller.error(fetchError(error, 'body'))));
        body.pause();
      },
      pull() {
        body.resume();
      },
      cancel() {
        end(() => body.destroy());
      },
    },
    { highWaterMark, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}
