import { parseUrl } from '../headers/link.ts';
import type { UpstreamPurpose } from '../ports/event.ts';
import type { RemoteRepository } from '../ports/upstream.ts';
import { type Answerer, invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import type { Connection } from './connection.ts';
import { fetchFailure } from './fetch-error.ts';
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
}

/** The last answer of a chain of redirects. Its body has to be read or discarded. */
export interface Answer {
  readonly kind: 'answer';
  readonly response: Response;
  readonly answerer: Answerer;
  readonly url: URL;
  /** True when a redirect left the origin that was asked. */
  readonly moved: boolean;
  /** Where the answer redirects to, when `follow` refused that. */
  readonly redirect: URL | undefined;
}

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** `docker.io: manifest of library/alpine`, for messages; with the host where it is another's. */
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

/** Who is asked for what a request is for, where its redirects have come to `url`. */
function answererAt(connection: Connection, request: UpstreamRequest, at: Place): Answerer {
  const { purpose } = request;
  // Wherever it redirects to, the realm is what a repository depends on.
  if (purpose === 'token') return { role: 'token-service', host: request.url.host };
  const { host, origin } = at.url;
  if (!at.moved && origin === connection.base.origin) return { role: 'registry', host };
  return { role: purpose === 'blob' ? 'blob-host' : 'other-host', host };
}

/** How far a chain of redirects has come. */
interface Place {
  url: URL;
  moved: boolean;
}

/**
 * Sends a request and follows its redirects, all within `headersTimeout`. `authorization` goes to
 * the origin of the request's URL only. Counts one call and observes one event, however it ends.
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
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), connection.headersTimeout);
  request.remote.upstreamCalls += 1;
  const at: Place = { url: request.url, moved: false };
  try {
    const answer = await followRedirects(connection, request, authorization, deadline.signal, at);
    observe(answer.response.status);
    return answer;
  } catch (error) {
    const answerer = answererAt(connection, request, at);
    const what = describe(connection, request, answerer);
    const failure =
      deadline.signal.aborted && !(error instanceof UpstreamError)
        ? new UpstreamError('timeout', `${what}: no answer in time`, { answerer })
        : fetchFailure(what, error, 'no connection', { answerer });
    observe(failure.kind);
    throw failure;
  } finally {
    clearTimeout(timer);
  }
}

async function followRedirects(
  connection: Connection,
  request: UpstreamRequest,
  authorization: string | undefined,
  signal: AbortSignal,
  at: Place,
): Promise<Answer> {
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const { url, moved } = at;
    const response = await connection.runtime.fetch(url.href, {
      method: request.method,
      headers: {
        ...request.headers,
        // Bodies are content-addressed: a decoded one would have another digest.
        'accept-encoding': 'identity',
        'user-agent': connection.userAgent,
        ...(authorization !== undefined && !moved && { authorization }),
      },
      redirect: 'manual',
      signal,
      purpose: request.purpose,
    });
    const target = redirectTarget(connection, request, response, url);
    if (target === undefined || request.follow?.(target, response.status) === false) {
      const answerer = answererAt(connection, request, at);
      return { kind: 'answer', response, answerer, url, moved, redirect: target };
    }
    await discard(response);
    at.url = target;
    // Once away, always away: a way back would have to be vouched for by the other host.
    at.moved ||= target.origin !== request.url.origin;
  }
  throw invalidAnswer(describe(connection, request), 'too many redirects');
}

/** Where a response redirects to; undefined when it does not. Throws on a target never to follow. */
function redirectTarget(
  connection: Connection,
  request: UpstreamRequest,
  response: Response,
  from: URL,
): URL | undefined {
  const location = response.headers.get('location');
  if (!redirectStatuses.has(response.status) || location === null) return undefined;
  const target = parseUrl(location, from);
  const refused = target === undefined ? 'an unreadable place' : refusedTarget(connection, target);
  if (target === undefined || refused !== undefined) {
    // Nobody reads this body: without the cancel the connection would stay taken.
    void response.body?.cancel().catch(() => undefined);
    throw invalidAnswer(
      describe(connection, request),
      `redirect to ${refused} refused`,
      response.status,
    );
  }
  target.hash = '';
  return target;
}

/**
 * A redirect that was kept, read again: it comes out of a store and is trusted no more than one out
 * of an answer. Throws an UpstreamError `invalid`.
 */
export function redirectUrl(connection: Connection, text: string, name: string): URL {
  const target = parseUrl(text);
  const refused = target === undefined ? 'an unreadable place' : refusedTarget(connection, target);
  if (target !== undefined && refused === undefined) return target;
  throw invalidAnswer(
    `${connection.registry}: blob of ${name}`,
    `kept redirect to ${refused} refused`,
  );
}

function refusedTarget(connection: Connection, target: URL): string | undefined {
  if (target.username !== '' || target.password !== '') return 'a URL with a password';
  if (target.protocol === 'https:') return undefined;
  if (target.protocol !== 'http:') return 'another protocol';
  return connection.base.protocol === 'http:' ? undefined : 'plain http';
}
