import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import { FetchError } from '../core/upstream/fetch-error.ts';

/** Connections to upstreams. */
export interface UpstreamConnections {
  readonly fetch: UpstreamFetch;
  /** Cuts the requests in flight. */
  close(): Promise<void>;
}

/** Connections per origin for manifests, tokens and lists, which are answered at once. */
const shortConnections = 64;

/** Connections per origin for blobs, each of which may take as long as its client does. */
const blobConnections = 512;

const options = {
  // HTTP/2 would put all blobs of an upstream on one connection, each slowed by the slowest.
  allowH2: false,
  // Far registries need longer than Node's 250 ms for an address, and one without IPv6 has several.
  connect: { timeout: 5000, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1500 },
  // Node's limit of 16 KB is too small for some policies and signed URLs.
  maxHeaderSize: 256 * 1024,
  // The upstream client has its own deadlines, for headers and for each pause of a body.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * Opens connections to upstreams, through a proxy if HTTPS_PROXY, HTTP_PROXY and NO_PROXY say so.
 * `fetch` keeps the contract of the Web's but uses undici's `request`: undici's own `fetch` needs
 * four times the CPU for a body.
 */
export function openConnections(
  environment: Readonly<Record<string, string | undefined>>,
): UpstreamConnections {
  // An empty text instead of undefined, for which undici would read the process's own environment.
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()] || '';
  const open = (connections: number) =>
    new EnvHttpProxyAgent({
      ...options,
      connections,
      httpProxy: variable('http_proxy'),
      httpsProxy: variable('https_proxy'),
      noProxy: variable('no_proxy'),
    });
  // Two pools, so that no manifest waits for the connection of a slow blob.
  const short = open(shortConnections);
  const blobs = open(blobConnections);
  return {
    async fetch(url, { method, headers, signal, purpose }) {
      const dispatcher = purpose === 'blob' ? blobs : short;
      const response = await untilAborted(
        request(url, { method, headers, signal, dispatcher }),
        signal,
      ).catch((error: unknown) => {
        throw signal.aborted ? error : fetchError(error, 'headers');
      });
      const { statusCode: status, body } = response;
      const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status);
      if (isEmpty) await body.dump();
      try {
        const init = { status, headers: webHeaders(response.headers) };
        return new Response(isEmpty ? null : webBody(body), init);
      } catch (error) {
        // The number is not a valid status. Without a reader the body would keep its connection.
        discard(body);
        throw error;
      }
    },
    async close() {
      await Promise.all([short.destroy(), blobs.destroy()]);
    },
  };
}

type ResponseData = Dispatcher.ResponseData;

/** Rejects as soon as the signal aborts: undici ignores it while it waits for a connection. */
async function untilAborted(
  request: Promise<ResponseData>,
  signal: AbortSignal,
): Promise<ResponseData> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } catch (error) {
    request.then(
      ({ body }) => discard(body),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function discard(body: ResponseData['body']): void {
  body.on('error', () => undefined).destroy();
}

function webHeaders(received: ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(received)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      // undici decodes values as UTF-8, but Headers accepts only characters of one byte.
      if (!/[^\t\x20-\xff]/.test(value)) headers.append(name, value);
    }
  }
  return headers;
}

/** How many bytes are buffered for a slow reader before the socket is paused. */
const highWaterMark = 256 * 1024;

function webBody(body: ResponseData['body']): ReadableStream<Uint8Array> {
  let ended = false;
  const end = (act: () => void) => {
    if (!ended) act();
    ended = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.on('data', (chunk: Uint8Array) => {
          if (ended) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) body.pause();
        });
        body.on('end', () => end(() => controller.close()));
        body.on('error', (error) => end(() => controller.error(fetchError(error, 'body'))));
        body.pause();
      },
      pull() {
        body.resume();
      },
      cancel() {
        end(() => body.destroy());
      },
    },
    { highWaterMark, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}

const timeoutCodes: ReadonlySet<string | undefined> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/**
 * Explains what Node or undici threw for a request or its body. The thrown error becomes the cause,
 * unless it is the parser's: that one holds raw headers, perhaps with a signed Location.
 */
export function fetchError(error: unknown, part: 'headers' | 'body'): FetchError {
  const chain = causesOf(error);
  const codes = chain.map(codeOf);
  // Node's own fetch gives a parser's error a code; undici 7 gives it only a name.
  const isUnparsable = chain.some(
    (link) => link.name === 'HTTPParserError' || codeOf(link)?.startsWith('HPE_'),
  );
  const explained = (kind: FetchError['kind'], reason: string) => {
    const code = codes.findLast((found) => found !== undefined);
    const detail = code === undefined ? '' : ` (${code})`;
    return new FetchError(kind, `${reason}${detail}`, isUnparsable ? undefined : { cause: error });
  };
  if (codes.some((code) => timeoutCodes.has(code))) return explained('timeout', 'timed out');
  if (part === 'body') return explained('unreachable', 'the body broke off');
  // Docker Hub's abuse page once had header lines that end in LF alone, which Node's fetch rejects.
  // So an answer that cannot be parsed is treated as that page.
  if (isUnparsable) return explained('limited', 'the answer is not valid HTTP; too many requests?');
  return explained('unreachable', 'no connection');
}

/** An error and its causes, outermost first. */
function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let current = error;
  while (current instanceof Error && chain.length < 5) {
    chain.push(current);
    current = current.cause;
  }
  return chain;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
