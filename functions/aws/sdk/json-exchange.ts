import type { Agent as HttpAgent, OutgoingHttpHeaders } from 'node:http';
import { request as requestHttp } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { request as requestHttps } from 'node:https';
import { ServiceError } from './service-error.ts';

/** The largest answer that is read, in bytes: DynamoDB's largest is 16 MB. */
const mostBytes = 24 * 1024 * 1024;

/** One request to a JSON service; times in ms. */
export interface JsonExchange {
  /** What the errors call it. */
  readonly name: string;
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  readonly agent: HttpAgent | HttpsAgent;
  readonly connectTimeout: number;
  readonly answerTimeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. */
export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
}

/** An exchange that failed without an answer. */
export class NoAnswer extends ServiceError {
  /** True when a kept connection was found closed: a new one will do. */
  readonly stale: boolean;

  constructor(message: string, code: string, untouched: boolean, stale: boolean, cause?: unknown) {
    super(message, { code, retryable: true, untouched, cause });
    this.stale = stale;
  }
}

/**
 * Sends one POST and reads its whole answer. It is `node:http` and not fetch, whose first use
 * costs a new function instance 25 ms. Rejects with a NoAnswer, or with the signal's reason.
 */
export function exchangeJson(exchange: JsonExchange): Promise<JsonAnswer> {
  const { name, url, headers, body, agent, signal } = exchange;
  return new Promise((resolve, reject) => {
    let connected = false;
    let connectTimer: NodeJS.Timeout | undefined;
    const send = url.protocol === 'http:' ? requestHttp : requestHttps;
    const request = send(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': body.byteLength },
      ...(signal && { signal }),
    });
    const giveUp = (code: string, reason: string, cause?: unknown) => {
      const stale = request.reusedSocket && code === 'Unreachable';
      reject(new NoAnswer(`${name}: ${reason}`, code, !connected, stale, cause));
      request.destroy();
    };
    const answerTimer = setTimeout(() => {
      giveUp('Timeout', `no answer within ${exchange.answerTimeout} ms`);
    }, exchange.answerTimeout);
    request.on('socket', (socket) => {
      connected = !socket.connecting;
      if (connected) return;
      connectTimer = setTimeout(() => {
        giveUp('Unreachable', `no connection within ${exchange.connectTimeout} ms`);
      }, exchange.connectTimeout);
      socket.once(url.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
        connected = true;
        clearTimeout(connectTimer);
      });
    });
    request.on('close', () => {
      clearTimeout(connectTimer);
      clearTimeout(answerTimer);
    });
    const fail = (error: Error) => {
      if (signal?.aborted) reject(signal.reason);
      else giveUp('Unreachable', reasonOf(error), error);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.byteLength;
        chunks.push(chunk);
        if (length > mostBytes) giveUp('BadAnswer', `an answer over ${mostBytes} bytes`);
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
      response.on('error', fail);
    });
    request.end(body);
  });
}

/** `connect ECONNREFUSED 127.0.0.1:8000`: host and port, never more. */
function reasonOf(error: Error): string {
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
