import { type Agent as HttpAgent, request as requestHttp } from 'node:http';
import { type Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { S3Error, safeCode } from './s3-error.ts';

/** The largest answer that is read, in bytes. */
const mostBytes = 64 * 1024 * 1024;

/** A connection that is silent for so long is given up, in ms. */
const longestSilence = 5000;

/** One request for an object; its headers are signed. */
export interface ObjectExchange {
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly agent: HttpAgent | HttpsAgent;
}

/** What came back. */
export interface ObjectAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Sends one request and reads its whole answer, by node:http: fetch and the SDK would each cost a new
 * instance more time than the request. Rejects with an S3Error when there is no answer.
 */
export function exchangeObject(exchange: ObjectExchange): Promise<ObjectAnswer> {
  const { operation, method, url, headers, body, agent } = exchange;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'http:' ? requestHttp : requestHttps;
    const length = { 'content-length': body?.byteLength ?? 0 };
    const request = send(url, { method, agent, headers: { ...headers, ...length } });
    const fail = (error: Error) => {
      reject(new S3Error(operation, codeOf(error), undefined, error));
      request.destroy();
    };
    request.setTimeout(longestSilence, () => fail(new Error('Timeout')));
    request.on('error', fail);
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
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}

/** The error that an answer is; its code stands in a small XML document. */
export function errorOfAnswer(operation: string, { status, body }: ObjectAnswer): S3Error {
  const [, code] = /<Code>([^<]*)<\/Code>/.exec(body.subarray(0, 4096).toString('utf8')) ?? [];
  return new S3Error(operation, safeCode(code ?? `Http${status}`), status);
}

function codeOf(error: Error): string {
  return safeCode('code' in error ? error.code : error.message);
}
