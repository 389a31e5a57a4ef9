import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RequestRecord } from '../../core/observe/request-line.ts';
import type { Answer, RegistryRequest } from '../../core/registry/answer.ts';
import type { Service } from '../../core/service/create-service.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ServerLog } from '../observe/server-log.ts';
import type { RequestHandler } from './listener.ts';
import { writeAnswer } from './write-answer.ts';

/** What answers requests and takes note of them. */
export interface Handling {
  readonly service: Pick<Service, 'answer' | 'unexpected'>;
  readonly log: ServerLog;
  readonly metrics: Pick<Metrics, 'begin' | 'answer'>;
  /** Told of the bytes of every body that left. */
  served(bytes: number): void;
}

/** Answers requests: the metrics' page by itself, everything else by the service. */
export function createHandler(handling: Handling): RequestHandler {
  const { service, log, metrics } = handling;
  return async (message, response) => {
    const started = performance.now();
    const ended = metrics.begin();
    const request = new NodeRequest(message);
    const { method } = request;
    let answer = failure;
    let written: RequestRecord['written'] = { bytes: 0, end: 'left' };
    try {
      answer = await (metrics.answer(request) ?? service.answer(request));
      const writing = writeAnswer(answer, method, response);
      written = writing instanceof Promise ? await writing : writing;
    } catch (error) {
      service.unexpected(error);
      response.destroy();
      written = { bytes: 0, end: 'broken', error };
    }
    if (written.bytes > 0) handling.served(written.bytes);
    const record: RequestRecord = {
      method,
      status: answer.status,
      note: answer.note,
      userAgent: request.header('user-agent'),
      milliseconds: performance.now() - started,
      written,
    };
    ended(record);
    log.request(record);
  };
}

/** Stands in the log for an answer that there was none of. */
const failure: Answer = {
  status: 500,
  headers: {},
  body: undefined,
  note: { kind: 'other', form: 'root', upstreamCalls: 0 },
};

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
