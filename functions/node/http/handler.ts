import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { finished } from 'node:stream/promises';
import { getRequestListener } from '@hono/node-server';
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

/** What answers requests and takes note of them. */
export interface Handling {
  readonly service: Pick<Service, 'app' | 'registry' | 'unexpected'>;
  readonly log: ServerLog;
  readonly metrics: Pick<Metrics, 'begin'>;
  /** Told of the bytes of every body that left. */
  served(bytes: number): void;
}

/** How a request was answered. */
type Answered = Pick<RequestRecord, 'status' | 'note' | 'written'>;

/** Answers requests: the registry's paths by itself, everything else by the app. */
export function createHandler({ service, log, metrics, served }: Handling): RequestHandler {
  const answerByApp = createAppHandler(service);
  const answerByRegistry = async (
    request: NodeRequest,
    response: MeteredResponse,
  ): Promise<Answered> => {
    const answer = await service.registry(request);
    const { status, note } = answer;
    const writing = writeAnswer(answer, request.method, response);
    return { status, note, written: writing instanceof Promise ? await writing : writing };
  };
  return async (message, response) => {
    const started = performance.now();
    const ended = metrics.begin();
    const request = new NodeRequest(message);
    let answered: Answered;
    try {
      // The registry ahead of hono, whose fixed answer alone takes 53.6 µs of CPU: a warm pull takes 39.7.
      if (isRegistryTarget(request.target)) answered = await answerByRegistry(request, response);
      else answered = await answerByApp(message, response);
    } catch (error) {
      service.unexpected(error);
      response.destroy();
      answered = { status: 500, note: unnoted, written: { bytes: 0, end: 'broken', error } };
    }
    const { status, note, written } = answered;
    if (written.bytes > 0) served(written.bytes);
    const record: RequestRecord = {
      method: request.method,
      status,
      note,
      userAgent: request.header('user-agent'),
      milliseconds: performance.now() - started,
      written,
    };
    ended(record);
    log.request(record);
  };
}

/** Answers a request by the app, through hono's own server for Node. */
function createAppHandler({ app }: Pick<Service, 'app'>) {
  const notes = new WeakMap<object, AnswerNote>();
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      app.fetch(request, {
        target: originForm(incoming.url ?? '/'),
        answered: ({ note }) => void notes.set(outgoing, note),
      }),
    // For HTTP/1.0, which may come without a Host. A body is left to this server's own listener.
    { hostname: 'localhost', overrideGlobalObjects: false, autoCleanupIncoming: false },
  );
  return async (message: IncomingMessage, response: MeteredResponse): Promise<Answered> => {
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

/** Node's request as the registry takes it; reads no more of it than is asked for. */
class NodeRequest implements RegistryRequest {
  readonly method: string;
  readonly target: string;
  readonly #headers: IncomingMessage['headers'];

  constructor(message: IncomingMessage) {
    this.method = message.method ?? 'GET';
    this.target = originForm(message.url ?? '/');
    this.#headers = message.headers;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** A client that takes this server for a proxy sends a whole URL (RFC 9112 §3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/') || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
