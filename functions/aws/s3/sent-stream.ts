import { Readable } from 'node:stream';

/** How many bytes go to the socket at once: TLS holds as many again while it encrypts them. */
const mostAtOnce = 1024 * 1024;

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
  const fail = (error: unknown) => over.abort(error);
  const body = new SentInTurn(bytes, fail);
  body.on('error', fail);
  return {
    body,
    over: over.signal,
    end() {
      body.destroy();
      over.abort();
    },
  };
}

/**
 * Asks for the next bytes when those before have left this process, so that their memory may then be
 * used again. A stream asks ahead, and so would have to be given copies: half as much processor time
 * again for each byte. The SDK pipes a body into its request and does nothing else with it.
 */
class SentInTurn extends Readable {
  readonly #bytes: AsyncIterable<Uint8Array>;
  readonly #fail: (error: unknown) => void;

  constructor(bytes: AsyncIterable<Uint8Array>, fail: (error: unknown) => void) {
    super();
    this.#bytes = bytes;
    this.#fail = fail;
  }

  override _read(): void {
    this.destroy(new Error('these bytes can only be piped'));
  }

  override pipe<Target extends NodeJS.WritableStream>(target: Target): Target {
    sendInTurn(target, this.#bytes).catch(this.#fail);
    return target;
  }
}

/**
 * Rejects with the error of the bytes. When the request fails it stops, as the SDK sees that itself:
 * its own error would race the SDK's, and is no `BucketError`.
 */
async function sendInTurn(
  request: NodeJS.WritableStream,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  // A request that is destroyed does not call back for every write.
  let giveUp: () => void = () => undefined;
  let isEnded = false;
  request.once('close', () => {
    isEnded = true;
    giveUp();
  });
  const isSent = (bytes: Uint8Array) =>
    new Promise<boolean>((resolve) => {
      if (isEnded) return resolve(false);
      giveUp = () => resolve(false);
      request.write(bytes, (error) => resolve(!error));
    });
  for await (const bytes of chunks) {
    for (let at = 0; at < bytes.byteLength; at += mostAtOnce) {
      if (!(await isSent(bytes.subarray(at, at + mostAtOnce)))) return;
    }
  }
  request.end();
}
