import { parseRetryAfter, retryAfterInText } from '../headers/retry-after.ts';
import type { Refused } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import type { Connection } from './connection.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { discard, readBody } from './response-body.ts';

/**
 * The UpstreamError for a status without a usable answer: `limited` for 429, else `unavailable`.
 * Consumes the body, but does not quote it: it may hold anything.
 */
export async function refusedStatus(
  connection: Connection,
  request: UpstreamRequest,
  { response, answerer }: Answer,
): Promise<UpstreamError> {
  const { status } = response;
  const what = describe(connection, request, answerer);
  const now = connection.runtime.now();
  let retryAfter = parseRetryAfter(response.headers.get('retry-after'), now);
  if (status === 429 && retryAfter === undefined) {
    const bytes = await readBody(response, { what, maxBytes: 4096, timeout: 500 }).catch(
      () => undefined,
    );
    retryAfter = bytes && retryAfterInText(new TextDecoder().decode(bytes), now);
  } else {
    await discard(response);
  }
  const kind = status === 429 ? 'limited' : 'unavailable';
  return new UpstreamError(kind, `${what}: status ${status}`, { status, retryAfter, answerer });
}

/**
 * The meaning of an answer without success: `absent` for 404, `denied` for 401 and 403; undefined for
 * 200, with the body left to read. Throws an UpstreamError for every other status.
 *
 * After a redirect to another host, 401 and 403 concern that host or the signature of a URL and not the
 * repository, so they are thrown as `unavailable`. So is the 404 of a blob host: the registry has the
 * blob, and its bucket may lag or its CDN be out of order.
 */
export async function refusalOf(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
): Promise<Refused | undefined> {
  const { response, answerer, moved } = answer;
  const { status } = response;
  if (status === 200) return undefined;
  const isDenied = !moved && (status === 401 || status === 403);
  const isAbsent = status === 404 && answerer.role !== 'blob-host';
  if (isAbsent || isDenied) {
    await discard(response);
    return { kind: isDenied ? 'denied' : 'absent' };
  }
  throw await refusedStatus(connection, request, answer);
}

/** Reads the body of an answer into memory. Throws as `readBody` does. */
export function readAnswer(
  connection: Connection,
  request: UpstreamRequest,
  { response, answerer }: Answer,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const what = describe(connection, request, answerer);
  return readBody(response, { what, answerer, maxBytes, timeout: connection.stallTimeout });
}
