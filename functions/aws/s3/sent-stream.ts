import { Readable } from 'node:stream';

/** How many bytes are copied at a time. */
const copied = 256 * 1024;

/** A body as the SDK takes it. */
export interface SentStream {
  readonly body: Readable;
  /** Aborted when the body fails, with its error, and at the end: the SDK sees neither. */
  readonly over: AbortSignal;
  /** Must be called when there is an answer: S3 may give it before it has the whole body. */
  end(): void;
}

/** Bytes to be sent by one request as they come. */
export function sentStream(bytes: AsyncIterable<Uint8Array>): SentStream {
  const over = new AbortController();
  const body = Readable.from(copiesOf(bytes), { objectMode: false, highWaterMark: copied });
  body.on('error', (error) => over.abort(error));
  return {
    body,
    over: over.signal,
    end() {
      body.destroy();
      over.abort();
    },
  };
}

/** The bytes in memory of their own: nothing tells when the SDK's are sent and may change. */
async function* copiesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of chunks) {
    for (let at = 0; at < bytes.byteLength; at += copied) {
      yield Buffer.from(bytes.subarray(at, at + copied));
    }
  }
}
