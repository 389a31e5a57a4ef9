import { joinChunks } from '../bytes/byte-array.ts';
import { type Answerer, invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import { fetchFailure } from './fetch-error.ts';

/** The limits of a body that is read into memory. */
export interface BodyBounds {
  /** Names the registry and the purpose, for errors. */
  readonly what: string;
  /** Who sends it, for errors. */
  readonly answerer?: Answerer;
  readonly maxBytes: number;
  /** For the whole body, in ms. */
  readonly timeout: number;
}

/**
 * Reads a body into memory. Throws an UpstreamError: `invalid` beyond `maxBytes`, `timeout`, or
 * `unreachable` if it breaks off.
 */
export async function readBody(
  response: Response,
  { what, answerer, maxBytes, timeout }: BodyBounds,
): Promise<Uint8Array<ArrayBuffer>> {
  const { status } = response;
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cancel();
  }, timeout);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) {
        throw new UpstreamError('timeout', `${what}: the body stalled (stallTimeout)`, {
          status,
          answerer,
        });
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

/** Up to this size an unwanted body is read to its end, for at most 500 ms. */
const discardBytes = 16 * 1024;

/**
 * Drops a body. A short one is read to its end, so that the connection can be used again; otherwise the
 * connection is closed. Never throws.
 */
export async function discard(response: Response): Promise<void> {
  if (response.body === null) return;
  const length = Number(response.headers.get('content-length') ?? '0');
  const bounds = { what: 'discarded', maxBytes: discardBytes, timeout: 500 };
  const dropped = length > discardBytes ? response.body.cancel() : readBody(response, bounds);
  await dropped.catch(() => undefined);
}

/** The Content-Length in bytes; undefined if missing or not a number (RFC 9110 §8.6). */
export function contentLength(headers: Headers): number | undefined {
  const text = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
