import { parseCountedRate } from '../headers/rate-limit.ts';
import { parseRetryAfter, retryAfterInText } from '../headers/retry-after.ts';
import { objectOf, parseObject } from '../oci/json-object.ts';
import { essence } from '../oci/media-type.ts';
import type { Refused } from '../ports/upstream.ts';
import { type LimitKind, UpstreamError } from '../ports/upstream-error.ts';
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
  { response, answerer, moved }: Answer,
): Promise<UpstreamError> {
  const { status } = response;
  const what = describe(connection, request, answerer);
  const now = connection.runtime.now();
  const stated = parseRetryAfter(response.headers.get('retry-after'), now);
  const message = `${what}: status ${status}`;
  if (status !== 429) {
    await discard(response);
    return new UpstreamError('unavailable', message, { status, retryAfter: stated, answerer });
  }
  const body = await readBody(response, { what, maxBytes: 4096, timeout: 500 }).catch(
    () => new Uint8Array(),
  );
  const retryAfter = stated ?? retryAfterInText(new TextDecoder().decode(body), now);
  const limit = limitOf(response, body);
  const rate = moved ? undefined : parseCountedRate(response.headers);
  return new UpstreamError('limited', message, { status, retryAfter, answerer, limit, rate });
}

/**
 * Which limit a 429 reports: that of pulls in the registry's error form, or by the type of an answer to HEAD,
 * which has no body; abuse in a text. Undefined if it does not tell.
 */
function limitOf({ headers }: Response, body: Uint8Array): LimitKind | undefined {
  const type = essence(headers.get('content-type') ?? '');
  if (body.length === 0) {
    if (type.endsWith('json')) return 'pulls';
    return type.startsWith('text/') ? 'abuse' : undefined;
  }
  const error = firstError(body);
  if (error === undefined) return type.endsWith('json') ? undefined : 'abuse';
  return error.code === 'TOOMANYREQUESTS' ? 'pulls' : undefined;
}

/**
 * The meaning of an answer without success: `absent` for 404, `denied` for 401 and 403; undefined for
 * 200, with the body left to read. Throws an UpstreamError for every other status.
 *
 * After a redirect to another host, 401 and 403 concern that host or the signature of a URL and not the
 * repository, so they are thrown as `unavailable`. So is the 404 of a blob host: the registry has the
 * blob, and its bucket may lag or its CDN be out of order.
 *
 * So is an answer to GET without a registry's error JSON: a router without a route, or a filter that
 * blocks the registry. An answer to HEAD has no body to tell; see `isPage`.
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
  if (!isAbsent && !isDenied) throw await refusedStatus(connection, request, answer);
  // A challenge is a registry's own.
  if (request.method === 'HEAD' || response.headers.has('www-authenticate')) {
    await discard(response);
  } else {
    const bytes = await readAnswer(connection, request, answer, maxErrorBytes);
    if (!isRegistryError(bytes)) {
      const what = describe(connection, request, answerer);
      const message = `${what}: status ${status}, but not from a registry`;
      throw new UpstreamError('unavailable', message, { status, answerer });
    }
  }
  return { kind: isDenied ? 'denied' : 'absent' };
}

const maxErrorBytes = 256 * 1024;

/** True for the JSON of distribution-spec §Error codes. */
function isRegistryError(body: Uint8Array): boolean {
  return typeof firstError(body)?.code === 'string';
}

function firstError(body: Uint8Array): Record<string, unknown> | undefined {
  const { errors } = parseObject(body) ?? {};
  const [first]: unknown[] = Array.isArray(errors) ? errors : [];
  return objectOf(first);
}

/**
 * True for a refusal of a HEAD whose type is not a registry's, such as `text/html`: something else may
 * have answered in the registry's place. Only the body of a GET can tell.
 */
export function isPage({ response: { status, headers } }: Answer): boolean {
  const type = essence(headers.get('content-type') ?? '');
  return [401, 403, 404].includes(status) && type !== '' && !type.endsWith('json');
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
