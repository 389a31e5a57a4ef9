import {
  type ClientRequest,
  type Agent as HttpAgent,
  type IncomingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { type Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type ObjectBody, S3Error, safeCode } from './bucket.ts';

/** The largest answer that is read, in bytes. */
const mostBytes = 64 * 1024 * 1024;

/** How long a connection may take to come about, in ms. */
const connectTimeout = 3000;

/** One request for an object; its headers are signed. */
export interface ObjectExchange {
  readonly operation: string;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly url: URL;
  /** With the `content-length` of a body. */
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: ObjectBody | undefined;
  readonly agent: HttpAgent | HttpsAgent;
  /** A connection that is silent for so long is given up, in ms. */
  readonly longestSilence: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. */
export interface ObjectAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Sends one request and reads its whole answer, by node:http: fetch and the SDK would each cost a new
 * instance more time than the request. Rejects with an S3Error when there is no answer, with the
 * body's error, or with the signal's reason. S3 may answer before it has the whole body.
 */
export function exchangeObject(exchange: ObjectExchange): Promise<ObjectAnswer> {
  const { operation, method, url, headers, body, agent, longestSilence, signal } = exchange;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const isPlain = url.protocol === 'http:';
    const send = isPlain ? requestHttp : requestHttps;
    const request = send(url, { method, agent, headers, timeout: longestSilence });
    const end = (error: unknown) => {
      reject(error);
      request.destroy();
    };
    const fail = (error: Error) => end(new S3Error(operation, codeOf(error), undefined, error));
    const onAbort = () => end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    request.on('close', () => signal?.removeEventListener('abort', onAbort));
    request.on('timeout', () => fail(new Error('Timeout')));
    request.on('error', fail);
    limitConnecting(request, isPlain ? 'connect' : 'secureConnect', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let received = 0;
      response.on('data', (chunk: Buffer) => {
        received += chunk.byteLength;
        chunks.push(chunk);
        if (received > mostBytes) fail(new Error('TooLarge'));
      });
      response.on('error', fail);
      // An answer that is cut has no error of its own in every case.
      response.on('close', () => {
        if (!response.complete) fail(new Error('Cut'));
      });
      response.on('end', () => {
        if (!response.complete) return;
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body: Buffer.concat(chunks) });
        // The rest of the body is not wanted.
        if (!request.writableFinished) request.destroy();
      });
    });
    if (body === undefined || body instanceof Uint8Array) request.end(body);
    else sendBody(request, body).catch(end);
  });
}

function limitConnecting(
  request: ClientRequest,
  connected: 'connect' | 'secureConnect',
  fail: (error: Error) => void,
): void {
  request.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => fail(new Error('ConnectTimeout')), connectTimeout);
    const clear = () => clearTimeout(timer);
    socket.once(connected, clear);
    request.once('close', clear);
  });
}

/** The error that an answer is; its code stands in a small XML document. */
export function errorOfAnswer(
  operation: string,
  { status, body }: Pick<ObjectAnswer, 'status' | 'body'>,
): S3Error {
  const [, code] = /<Code>([^<]*)<\/Code>/.exec(body.subarray(0, 4096).toString('utf8')) ?? [];
  return new S3Error(operation, safeCode(code ?? `Http${status}`), status);
}

function codeOf(error: Error): string {
  return safeCode('code' in error ? error.code : error.message);
}

/** So many bytes go to the socket at once: TLS holds as many again while it encrypts them. */
const mostAtOnce = 1024 * 1024;

/**
 * Sends a body as it comes. The next bytes are asked for when those before have left this process,
 * so that their memory may then be used again. Rejects with the body's error, or when the request
 * ends before it.
 */
async function sendBody(request: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  const write = writing(request);
  for await (const bytes of body) {
    for (let at = 0; at < bytes.byteLength; at += mostAtOnce) {
      await write(bytes.subarray(at, at + mostAtOnce));
    }
  }
  request.end();
}

/** A function that resolves when the bytes it was given are written. */
function writing(request: ClientRequest): (bytes: Uint8Array) => Promise<void> {
  const ended = () => new Error('the request has ended');
  // A request that is destroyed does not call back for every write.
  let giveUp: (error: Error) => void = () => undefined;
  request.once('close', () => giveUp(ended()));
  return (bytes) =>
    new Promise((resolve, reject) => {
      if (request.destroyed) return reject(ended());
      giveUp = reject;
      request.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}
