import { parseRetryAfter, retryAfterInText } from '../headers/retry-after.ts';
import type { Refused } from '../ports/upstream.ts';
import { UpstreamError } from '../ports/upstream-error.ts';
import type { Connection } from './connection.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { discard, readBody } from './response-body.ts';

const maxErrorBody = 4096;
const errorBodyMilliseconds = 500;

async function waitToldInBody(what: string, response: Response, now: number) {
  try {
    const bytes = await readBody(response, {
      what,
      maxBytes: maxErrorBody,
      timeout: errorBodyMilliseconds,
    });
    return retryAfterInText(new TextDecoder().decode(bytes), now);
  } catch {
    return undefined;
  }
}

/**
 * The UpstreamError for a status that gives no usable answer: `limited` for 429, else
 * `unavailable`. Uses the body up. The upstream's own words are not quoted: they may hold anything.
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
  if (status === 429) retryAfter ??= await waitToldInBody(what, response, now);
  else await discard(response);
  const kind = status === 429 ? 'limited' : 'unavailable';
  return new UpstreamError(kind, `${what}: status ${status}`, { status, retryAfter, answerer });
}

/**
 * What an answer without success means: 404 is `absent`, 401 and 403 are `denied`; undefined for
 * 200, with the body left to read. Throws an UpstreamError for every other status.
 *
 * Where a redirect led elsewhere, 401 and 403 are about that host or the signature of a URL and not
 * about the repository, so they are thrown as `unavailable`. So is the 404 of a blob host: the
 * registry has the blob, and its bucket may lag or its CDN be out of order.
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
