import { entriesOf, objectOf, parseObject } from '../../oci/json-object.ts';
import { essence } from '../../oci/media-type.ts';
import type { RemoteRepository } from '../../ports/upstream.ts';
import { invalidAnswer, UpstreamError } from '../../ports/upstream-error.ts';
import type { Connection, Credentials } from '../connection.ts';
import { describe, send, type UpstreamRequest } from '../request.ts';
import { discard, readBody } from '../response-body.ts';
import { refusedStatus } from '../status.ts';
import type { TokenGrant } from './token-cache.ts';

/** A request for a token. */
export interface TokenRequest {
  /** The token service, checked by `trustedRealm`. */
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
  readonly remote: RemoteRepository;
}

const maxTokenBody = 256 * 1024;

/** In seconds, for a token without `expires_in` (distribution's token specification). */
const defaultLife = 60;
const longestLife = 86_400;

/** The Authorization header of Basic (RFC 7617, in UTF-8). */
export function basicAuthorization(credentials: Credentials): string {
  const bytes = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `Basic ${btoa(binary)}`;
}

function tokenUrl({ realm, service, scope }: TokenRequest): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  return url;
}

function readLife(value: unknown): number {
  const seconds = Number(value);
  return seconds > 0 ? Math.min(seconds, longestLife) : defaultLife;
}

function readGrant(bytes: Uint8Array): TokenGrant | undefined {
  const { token, access_token: accessToken, expires_in: life } = parseObject(bytes) ?? {};
  const value = typeof token === 'string' && token !== '' ? token : accessToken;
  // Anything else is no header value, and fetch would quote it in its error.
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(value)) return undefined;
  return { kind: 'granted', token: value, seconds: readLife(life) };
}

/**
 * True if a 400 or 404 is the token service's own: in JSON, or without a body. Anything else may be a
 * router's page. Consumes the body.
 */
async function isTokenRefusal(response: Response, what: string): Promise<boolean> {
  const bounds = { what, maxBytes: 64 * 1024, timeout: 500 };
  const bytes = await readBody(response, bounds).catch(() => undefined);
  return bytes !== undefined && (bytes.byteLength === 0 || parseObject(bytes) !== undefined);
}

/** Whether a token opens a repository, if it says so (JWT, `access`). */
export function opensRepository(token: string): boolean | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const access = parseObject(atob(payload))?.access;
    const actionsOf = (one: unknown) => entriesOf(objectOf(one)?.actions) ?? [];
    return Array.isArray(access) ? access.some((one) => actionsOf(one).length > 0) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Requests a token (distribution's token specification). A 401 or 403 is `denied` without credentials,
 * and an UpstreamError `credentials` with them. A 400 or 404 of its own
 * refuses this repository, which the error says.
 */
export async function requestToken(
  connection: Connection,
  wanted: TokenRequest,
): Promise<TokenGrant> {
  const { credentials } = connection;
  const request: UpstreamRequest = {
    purpose: 'token',
    method: 'GET',
    remote: wanted.remote,
    url: tokenUrl(wanted),
    headers: { accept: 'application/json' },
  };
  const authorization = credentials === undefined ? undefined : basicAuthorization(credentials);
  const answer = await send(connection, request, authorization);
  const { response, answerer, moved } = answer;
  const { status } = response;
  const what = describe(connection, request, answerer);
  // Another host got no credentials, so it cannot refuse them. A page is a filter's, not the service's.
  const isHtml = essence(response.headers.get('content-type') ?? '') === 'text/html';
  if (!moved && !isHtml && (status === 401 || status === 403)) {
    await discard(response);
    if (credentials === undefined) return { kind: 'denied' };
    throw new UpstreamError('credentials', `${what}: the credentials were refused (${status})`, {
      status,
      answerer,
    });
  }
  if (!moved && (status === 400 || status === 404)) {
    const isRefusal = await isTokenRefusal(response, what);
    const message = `${what}: status ${status}`;
    throw new UpstreamError('unavailable', message, { status, answerer, isRefusal });
  }
  if (status !== 200) throw await refusedStatus(connection, request, answer);
  const bytes = await readBody(response, {
    what,
    answerer,
    maxBytes: maxTokenBody,
    timeout: connection.stallTimeout,
  });
  const grant = readGrant(bytes);
  if (grant === undefined) throw invalidAnswer(what, 'an answer without a token');
  return grant;
}
