import type { Answer } from '../../core/registry/answer.ts';

/**
 * The body if it is a stream. It is told by what it is not: to name ReadableStream would load Node's
 * Web streams, which a new instance that sends a manifest does not need.
 */
export function streamOf(body: Answer['body']): ReadableStream<Uint8Array> | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array)
    return undefined;
  return body;
}

/**
 * Reads a stream to its end; undefined when it has more than `most` bytes, and then it is
 * cancelled. Rejects with the stream's error.
 */
export async function collectBody(
  stream: ReadableStream<Uint8Array>,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks, length);
    length += value.byteLength;
    if (length > most) {
      await reader.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
