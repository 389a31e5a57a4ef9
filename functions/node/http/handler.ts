import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { finished } from 'node:stream/promises';
import { getRequestListener } from '@hono/node-server';
import { requestIdOf } from '../../core/observe/request-id.ts';
import {
  type AnswerNote,
  type RequestRecord,
  unnoted,
  type Written,
} from '../../core/observe/request-line.ts';
import type { RegistryRequest } from '../../core/registry/answer.ts';
import { isRegistryTarget } from '../../core/registry/route.ts';
import type { Service } from '../../core/service/create-service.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ServerLog } from '../observe/server-log.ts';
import type { RequestHandler } from './listener.ts';
import { type MeteredResponse, writeAnswer } from './write-answer.ts';

/** What the handler answers with and reports to. */
export interface HandlerOptions {
  readonly service: Pick<Service, 'app' | 'registry' | 'unexpected'>;
  readonly log: ServerLog;
  readonly metrics: Pick<Metrics, 'begin'>;
  /** Called with the number of bytes of every body sent. */
  served(bytes: number): void;
}

type Outcome = Pick<RequestRecord, 'status' | 'note' | 'written'>;

/** Answers the registry's paths directly and everything else through the app. */
export function createHandler({ service, log, metrics, served }: HandlerOptions): RequestHandler {
  const answerByApp = createAppHandler(service);
  const answerByRegistry = async (
    request: RegistryRequest,
    response: MeteredResponse,
  ): Promise<Outcome> => {
    const answer = await service.registry(request);
    const { status, note } = answer;
    const writing = writeAnswer(answer, request.method, response);
    return { status, note, written: writing instanceof Promise ? await writing : writing };
  };
  return async (message, response) => {
    const started = performance.now();
    const ended = metrics.begin();
    const request = new NodeRequest(message);
    let outcome: Outcome;
    try {
      // Not through hono, whose fixed answer alone takes 53.6 µs of CPU: a warm pull takes 39.7.
      outcome = isRegistryTarget(request.target)
        ? await answerByRegistry(request, response)
        : await answerByApp(message, response);
    } catch (error) {
      service.unexpected(error);
      response.destroy();
      outcome = { status: 500, note: unnoted, written: { bytes: 0, end: 'broken', error } };
    }
    const { status, note, written } = outcome;
    if (written.bytes > 0) served(written.bytes);
    const record: RequestRecord = {
      id: requestIdOf((name) => request.header(name)),
      method: request.method,
      status,
      note,
      written,
      userAgent: request.header('user-agent'),
      milliseconds: performance.now() - started,
    };
    ended(record);
    log.request(record);
  };
}

function createAppHandler({ app }: Pick<Service, 'app'>) {
  const notes = new WeakMap<object, AnswerNote>();
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      app.fetch(request, {
        target: originForm(incoming.url ?? '/'),
        remoteAddress: incoming.socket.remoteAddress,
        answered: ({ note }) => void notes.set(outgoing, note),
      }),
    // `hostname` is for HTTP/1.0 requests without a Host. Our own listener deals with request bodies.
    { hostname: 'localhost', overrideGlobalObjects: false, autoCleanupIncoming: false },
  );
  return async (message: IncomingMessage, response: MeteredResponse): Promise<Outcome> => {
    let end: Written['end'] = 'complete';
    response.once('close', () => {
      if (!response.writableFinished) end = 'left';
    });
    await listener(message, response);
    await finished(response).catch(() => undefined);
    const { statusCode: status, sentBytes: bytes } = response;
    return { status, note: notes.get(response) ?? unnoted, written: { bytes, end } };
  };
}

/** Node's request as the registry reads it. A class, because a closure per request costs 1 µs. */
class NodeRequest implements RegistryRequest {
  readonly method: string;
  readonly target: string;
  readonly #headers: IncomingMessage['headers'];
  readonly #socket: IncomingMessage['socket'];

  constructor({ method = 'GET', url = '/', headers, socket }: IncomingMessage) {
    this.method = method;
    this.target = originForm(url);
    this.#headers = headers;
    this.#socket = socket;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** A client that uses this server as a proxy sends an absolute URL (RFC 9112 §3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/') || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
