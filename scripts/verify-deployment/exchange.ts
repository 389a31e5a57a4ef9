import { createHash } from 'node:crypto';
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';

/** What came back, exactly: nothing is followed, decompressed or repaired on the way. */
export interface Exchanged {
  /** `HEAD /v2/library/busybox/manifests/latest` */
  readonly what: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Until the headers were there. */
  readonly milliseconds: number;
}

/** What to send besides the URL. */
export interface Wanted {
  /** GET by default. */
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
}

const longestAnswer = 30_000;
const largestBody = 256 * 1024 * 1024;

/** Sends one request. */
export function exchange(
  url: URL,
  { method = 'GET', headers = {} }: Wanted = {},
): Promise<Exchanged> {
  const started = performance.now();
  // A signed URL stays out of every message.
  const what = `${method} ${url.search === '' ? url.pathname : `${url.host}${url.pathname}?…`}`;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method, headers, agent: false }, (response) => {
      const milliseconds = performance.now() - started;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > largestBody) request.destroy(new Error('the body is too large for this check'));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({
          what,
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          milliseconds,
        }),
      );
      response.on('error', failed);
    });
    function failed(error: Error): void {
      reject(new Error(`${what}: ${error.message}`));
    }
    request.on('error', failed);
    request.setTimeout(longestAnswer, () => request.destroy(new Error('no answer in 30 s')));
    request.end();
  });
}

/** The digest of bytes, by the algorithm of another digest (`sha256:…`). */
export function digestLike(bytes: Buffer, digest: string): string {
  const algorithm = digest.split(':')[0] ?? 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
