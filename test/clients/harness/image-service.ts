import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { Outcome } from './run.ts';

const answerMs = 90_000;

/**
 * Calls a method of CRI's ImageService with an image, as the kubelet does: gRPC over the socket of
 * the container runtime (https://github.com/kubernetes/cri-api). What is answered stays unread but
 * for its status, which is the outcome.
 */
export async function callImageService(
  socket: string,
  method: 'PullImage' | 'RemoveImage',
  image: string,
): Promise<Outcome> {
  const started = performance.now();
  const session = connect('http://localhost', { createConnection: () => connectSocket(socket) });
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.ImageService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.setTimeout(answerMs, () => stream.destroy(new Error('no answer in time')));
    let status: Record<string, unknown> = {};
    // An error without a body has its status among the headers.
    for (const part of ['response', 'trailers'] as const) {
      stream.on(part, (headers: Record<string, unknown>) => {
        status = { ...status, ...headers };
      });
    }
    const ended = new Promise<void>((resolve, reject) => {
      session.on('error', reject);
      stream.on('error', reject);
      stream.on('close', resolve);
    });
    stream.resume();
    stream.end(framed(imageRequest(image)));
    await ended;
    const message = decodeURIComponent(String(status['grpc-message'] ?? ''));
    return {
      ok: status['grpc-status'] === '0',
      stdout: '',
      stderr: `${method}: status ${status['grpc-status']}: ${message}`,
      milliseconds: performance.now() - started,
    };
  } finally {
    session.destroy();
  }
}

/** `PullImageRequest` and `RemoveImageRequest` both begin with `ImageSpec image = 1`. */
function imageRequest(image: string): Buffer {
  const spec = field(1, Buffer.from(image));
  return field(1, spec);
}

/** A length-delimited field of a protobuf message, of less than 128 bytes. */
function field(number: number, value: Buffer): Buffer {
  if (value.byteLength > 127) throw new Error('a longer length would take two bytes');
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.byteLength]), value]);
}

/** A message as gRPC sends it: uncompressed, its length in front. */
function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  message.copy(frame, 5);
  return frame;
}
