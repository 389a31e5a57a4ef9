import { joinChunks } from '../bytes/byte-array.ts';
import { type Answerer, invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import { fetchFailure } from './fetch-error.ts';

/** How a body may be read whole. */
export interface BodyBounds {
  /** Names the registry and the purpose, for errors. */
  readonly what: string;
  /** Who sends it, for errors. */
  readonly answerer?: Answerer;
  readonly maxBytes: number;
  /** Milliseconds for the whole body. */
  readonly timeout: number;
}

/**
 * Reads a whole body. Throws an UpstreamError: `invalid` beyond `maxBytes`, `timeout`, or
 * `unreachable` when it breaks off.
 */
export async function readBody(
  response: Response,
  bounds: BodyBounds,
): Promise<Uint8Array<ArrayBuffer>> {
  const { what, answerer, maxBytes, timeout } = bounds;
  const { status } = response;
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    cancel();
  }, timeout);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) {
        throw new UpstreamError('timeout', `${what}: the body stalled`, { status, answerer });
      }
      if (done) return joinChunks(chunks, length);
      length += value.byteLength;
      if (length > maxBytes) {
        cancel();
        throw invalidAnswer(what, `a body of more than ${maxBytes} bytes`);
      }
      chunks.push(value);
    }
  } catch (error) {
    throw fetchFailure(what, error, 'the body broke off', { status, answerer });
  } finally {
    clearTimeout(timer);
  }
}

/** What is read of a body nobody wants, to keep its connection for the next request. */
const discardBytes = 16 * 1024;
const discardMilliseconds = 500;

/**
 * Gets rid of a body: a short one is read to its end, so that the connection can be used again; of
 * any other the connection is given up. Never throws.
 */
export async function discard(response: Response): Promise<void> {
  if (response.body === null) return;
  const length = Number(response.headers.get('content-length') ?? '0');
  try {
    if (length > discardBytes) await response.body.cancel();
    else
      await readBody(response, {
        what: 'discarded',
        maxBytes: discardBytes,
        timeout: discardMilliseconds,
      });
  } catch {
    // The content was not wanted, so a failure of it says nothing.
  }
}

/** The Content-Length in bytes; undefined when it is missing or no whole number (RFC 9110 §8.6). */
export function contentLength(headers: Headers): number | undefined {
  const text = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
