import { Readable } from 'node:stream';

/** How many bytes are written to the socket at a time: TLS holds as many again while encrypting. */
const writeBytes = 1024 * 1024;

/** A body for the SDK. */
export interface RequestBody {
  readonly stream: Readable;
  /** Aborted when the body fails, with its error, and at the end: the SDK notices neither. */
  readonly ended: AbortSignal;
  /** Call when there is an answer: S3 may send it before it has the whole body. */
  end(): void;
}

/** A request body whose bytes are sent as they arrive. */
export function requestBody(bytes: AsyncIterable<Uint8Array>): RequestBody {
  const ended = new AbortController();
  const fail = (error: unknown) => ended.abort(error);
  const stream = new PipedBody(bytes, fail);
  stream.on('error', fail);
  return {
    stream,
    ended: ended.signal,
    end() {
      stream.destroy();
      ended.abort();
    },
  };
}

/**
 * Requests the next bytes only when the previous ones have left this process, so that their memory can
 * be used again. An ordinary stream reads ahead and would need copies, which costs half as much
 * processor time again. The SDK pipes a body into its request and does nothing else with it.
 */
class PipedBody extends Readable {
  readonly #bytes: AsyncIterable<Uint8Array>;
  readonly #fail: (error: unknown) => void;

  constructor(bytes: AsyncIterable<Uint8Array>, fail: (error: unknown) => void) {
    super();
    this.#bytes = bytes;
    this.#fail = fail;
  }

  override _read(): void {
    this.destroy(new Error('this body can only be piped'));
  }

  override pipe<Target extends NodeJS.WritableStream>(target: Target): Target {
    writeAll(target, this.#bytes).catch(this.#fail);
    return target;
  }
}

/**
 * Rejects with the error of the bytes. Stops when the request fails: the SDK sees that itself, and an
 * error from here would race the SDK's own.
 */
async function writeAll(
  request: NodeJS.WritableStream,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  let isClosed = false;
  // Once a request is destroyed, the callbacks of pending writes may never run.
  const closed = new Promise<false>((resolve) => {
    request.once('close', () => {
      isClosed = true;
      resolve(false);
    });
  });
  const write = (bytes: Uint8Array) =>
    new Promise<boolean>((resolve) => {
      request.write(bytes, (error) => resolve(!error));
    });
  for await (const bytes of chunks) {
    for (let at = 0; at < bytes.byteLength; at += writeBytes) {
      const next = bytes.subarray(at, at + writeBytes);
      const isWritten = !isClosed && (await Promise.race([write(next), closed]));
      if (!isWritten) return;
    }
  }
  request.end();
}
