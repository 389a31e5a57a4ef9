import type { ClientRequest } from 'node:http';

/** So many bytes go to the socket at once: TLS holds as many again while it encrypts them. */
const mostAtOnce = 1024 * 1024;

/**
 * Sends a body as it comes. The next bytes are asked for when those before have left this process,
 * so that their memory may then be used again. Rejects with the body's error, or when the request
 * ends before it.
 */
export async function sendBody(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const write = writing(request);
  for await (const bytes of body) {
    for (let at = 0; at < bytes.byteLength; at += mostAtOnce) {
      await write(bytes.subarray(at, at + mostAtOnce));
    }
  }
  request.end();
}

/** A function that resolves when the bytes it was given are written. */
function writing(request: ClientRequest): (bytes: Uint8Array) => Promise<void> {
  const ended = () => new Error('the request has ended');
  // A request that is destroyed does not call back for every write.
  let giveUp: (error: Error) => void = () => undefined;
  request.once('close', () => giveUp(ended()));
  return (bytes) =>
    new Promise((resolve, reject) => {
      if (request.destroyed) return reject(ended());
      giveUp = reject;
      request.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}
