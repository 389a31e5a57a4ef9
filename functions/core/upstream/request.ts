import { parseUrl } from '../headers/link.ts';
import type { UpstreamPurpose } from '../ports/event.ts';
import type { RemoteRepository } from '../ports/upstream.ts';
import { type Answerer, invalidAnswer } from '../ports/upstream-error.ts';
import type { Connection } from './connection.ts';
import { fetchFailure } from './fetch-error.ts';
import { untilLimit } from './host-timing.ts';
import { discard } from './response-body.ts';

/** One request to an upstream, redirects included. */
export interface UpstreamRequest {
  readonly purpose: UpstreamPurpose;
  readonly method: 'GET' | 'HEAD';
  readonly remote: RemoteRepository;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Which redirects are followed; all of them by default. */
  readonly follow?: (target: URL, status: number) => boolean;
  /** True if a 401 does not make a token bad, so that there is no second attempt with another. */
  readonly keepsToken?: boolean;
  /** The authorization for a redirect to another origin; by default there is none. */
  readonly authorizeAt?: (target: URL) => string | undefined;
}

/** The last answer of a chain of redirects. Its body must be read or discarded. */
export interface Answer {
  readonly kind: 'answer';
  readonly response: Response;
  readonly answerer: Answerer;
  readonly url: URL;
  /** True when a redirect left the origin of the request. */
  readonly moved: boolean;
  /** The target of a redirect that `follow` refused. */
  readonly redirect: URL | undefined;
}

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** `docker.io: manifest of library/alpine`, for messages; with any host but the registry's own. */
export function describe(
  connection: Connection,
  request: UpstreamRequest,
  answerer?: Answerer,
): string {
  const { purpose, remote } = request;
  const subject = `${connection.registry}: ${purpose} ${purpose === 'token' ? 'for' : 'of'} ${remote.name}`;
  const isElsewhere = answerer !== undefined && answerer.role !== 'registry';
  return isElsewhere ? `${subject} from ${answerer.host}` : subject;
}

/** Who answers a request once its redirects lead to `at`. */
function answererAt(connection: Connection, request: UpstreamRequest, at: Place): Answerer {
  const { purpose } = request;
  // Even after a redirect: the repository depends on the realm.
  if (purpose === 'token') return { role: 'token-service', host: request.url.host };
  const { host, origin } = at.url;
  if (!at.moved && origin === connection.url.origin) return { role: 'registry', host };
  return { role: purpose === 'blob' ? 'blob-host' : 'other-host', host };
}

/** The current end of a chain of redirects. */
interface Place {
  url: URL;
  moved: boolean;
  /** False while the request waits for another one that probes the host. */
  isSent: boolean;
}

/**
 * Sends a request and follows its redirects, all within `headersTimeout`. Only the origin of the
 * request's URL gets `authorization`, and any other what `authorizeAt` has for it. Counts one call and observes one event, also on failure.
 */
export async function send(
  connection: Connection,
  request: UpstreamRequest,
  authorization: string | undefined,
): Promise<Answer> {
  const { runtime } = connection;
  const started = runtime.now();
  const observe = (status: number | string) => {
    runtime.observe({
      kind: 'upstream-request',
      registry: connection.registry,
      purpose: request.purpose,
      method: request.method,
      name: request.remote.name,
      status,
      milliseconds: Math.max(0, runtime.now() - started),
    });
  };
  const at: Place = { url: request.url, moved: false, isSent: false };
  try {
    const deadline = started + connection.headersTimeout;
    const answer = await followRedirects(connection, request, authorization, deadline, at);
    observe(answer.response.status);
    return answer;
  } catch (error) {
    const answerer = answererAt(connection, request, at);
    // Nothing came back, so the first thing to check is this host.
    const isNamed = answerer.role !== 'registry' || answerer.host === connection.registry;
    const where = isNamed ? '' : ` from ${answerer.host}`;
    const what = `${describe(connection, request, answerer)}${where}`;
    const failure = fetchFailure(what, error, 'no connection', { answerer });
    if (at.isSent) observe(failure.kind);
    throw failure;
  }
}

async function followRedirects(
  connection: Connection,
  request: UpstreamRequest,
  authorization: string | undefined,
  deadline: number,
  at: Place,
): Promise<Answer> {
  const { runtime } = connection;
  const { timing = untilLimit } = runtime;
  const isBlob = request.purpose === 'blob';
  const message = `no answer within ${connection.headersTimeout} ms (headersTimeout)`;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const { url, moved } = at;
    const authorized = moved ? request.authorizeAt?.(url) : authorization;
    const headers = {
      ...request.headers,
      // A decoded body would not match its digest.
      'accept-encoding': 'identity',
      'user-agent': connection.userAgent,
      ...(authorized !== undefined && { authorization: authorized }),
    };
    const asked = { ...answererAt(connection, request, at), isBlob, remote: request.remote };
    const left = Math.min(connection.headersTimeout, deadline - runtime.now());
    const limit = { milliseconds: Math.max(1, left), message };
    const response = await timing.send(asked, limit, (timeout) => {
      if (!at.isSent) request.remote.upstreamCalls += 1;
      at.isSent = true;
      const { method, purpose, remote } = request;
      const { destinations } = connection;
      const signal = remote.signal ? AbortSignal.any([timeout, remote.signal]) : timeout;
      const how = { method, headers, redirect: 'manual', signal, purpose, destinations } as const;
      return runtime.fetch(url.href, how);
    });
    const target = redirectTarget(connection, request, response, url);
    if (target === undefined || request.follow?.(target, response.status) === false) {
      const answerer = answererAt(connection, request, at);
      return { kind: 'answer', response, answerer, url, moved, redirect: target };
    }
    await discard(response);
    at.url = target;
    // Stays true on a redirect back: the other host could have chosen that URL.
    at.moved ||= target.origin !== request.url.origin;
  }
  throw invalidAnswer(describe(connection, request), 'too many redirects');
}

/** The target of a redirect; undefined for other responses. Throws if it must never be followed. */
function redirectTarget(
  connection: Connection,
  request: UpstreamRequest,
  response: Response,
  from: URL,
): URL | undefined {
  const location = response.headers.get('location');
  if (!redirectStatuses.has(response.status) || location === null) return undefined;
  const target = parseUrl(location, from);
  const refused = refusedTarget(connection, target);
  if (target === undefined || refused !== undefined) {
    // An unread body would keep the connection busy.
    void response.body?.cancel().catch(() => undefined);
    const what = describe(connection, request);
    throw invalidAnswer(what, `redirect to ${refused} refused`, response.status);
  }
  target.hash = '';
  return target;
}

/**
 * The URL of a stored redirect, which is trusted no more than one in an answer. Throws an UpstreamError
 * `invalid`.
 */
export function redirectUrl(connection: Connection, text: string, name: string): URL {
  const target = parseUrl(text);
  const refused = refusedTarget(connection, target);
  if (target !== undefined && refused === undefined) return target;
  const what = `${connection.registry}: blob of ${name}`;
  throw invalidAnswer(what, `stored redirect to ${refused} refused`);
}

/** What is wrong with a redirect's target; undefined if it may be followed. */
function refusedTarget(connection: Connection, target: URL | undefined): string | undefined {
  if (target === undefined) return 'a malformed URL';
  if (target.username !== '' || target.password !== '') return 'a URL with a password';
  if (target.protocol === 'https:') return undefined;
  if (target.protocol !== 'http:') return 'another protocol';
  return connection.url.protocol === 'http:' ? undefined : 'plain http';
}
