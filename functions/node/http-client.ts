import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import type { UpstreamFetch } from '../core/upstream/connection.ts';
import { FetchError } from '../core/upstream/fetch-error.ts';

/** Connections to upstreams. */
export interface UpstreamConnections {
  readonly fetch: UpstreamFetch;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** To one origin, for what is answered at once: manifests, tokens, lists. */
const shortConnections = 64;

/** To one origin, for blobs: each may take as long as its client does. */
const blobConnections = 512;

const options = {
  // HTTP/2 would put all blobs of an upstream on one connection, each slowed by the slowest.
  allowH2: false,
  connect: { timeout: 5000 },
  // The upstream client has its own deadlines, for headers and for each pause of a body.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * Opens the connections to upstreams; through a proxy where HTTPS_PROXY, HTTP_PROXY and NO_PROXY
 * say so. It is `fetch` by its contract, made of undici's `request`: `fetch` itself needs four
 * times the processor time for a body.
 */
export function openConnections(
  environment: Readonly<Record<string, string | undefined>>,
): UpstreamConnections {
  const variable = (name: string) =>
    environment[name.toLowerCase()] || environment[name.toUpperCase()] || undefined;
  const httpProxy = variable('http_proxy');
  const httpsProxy = variable('https_proxy');
  const noProxy = variable('no_proxy');
  const open = (connections: number) =>
    (httpProxy ?? httpsProxy) === undefined
      ? new Agent({ ...options, connections })
      : new EnvHttpProxyAgent({
          ...options,
          connections,
          ...(httpProxy !== undefined && { httpProxy }),
          ...(httpsProxy !== undefined && { httpsProxy }),
          ...(noProxy !== undefined && { noProxy }),
        });
  // Apart, so that no manifest waits for the connection of a slow blob.
  const short = open(shortConnections);
  const blobs = open(blobConnections);
  return {
    async fetch(url, { method, headers, signal, purpose }) {
      const dispatcher = purpose === 'blob' ? blobs : short;
      const {
        statusCode,
        headers: received,
        body,
      } = await unlessAborted(request(url, { method, headers, signal, dispatcher }), signal).catch(
        (error: unknown) => {
          throw signal.aborted ? error : fetchError(error, 'headers');
        },
      );
      const empty = method === 'HEAD' || [204, 205, 304].includes(statusCode);
      if (empty) await body.dump();
      try {
        return new Response(empty ? null : webBody(body), {
          status: statusCode,
          headers: webHeaders(received),
        });
      } catch (error) {
        // A number that is no status: nobody gets this body, so it must not keep its connection.
        body.on('error', () => undefined).destroy();
        throw error;
      }
    },
    async close() {
      await Promise.all([short.destroy(), blobs.destroy()]);
    },
  };
}

/** What was asked, or the signal's reason: undici does not look at it while a connection is missing. */
async function unlessAborted(
  asked: Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([asked, aborted]);
  } catch (error) {
    asked.then(
      ({ body }) => body.on('error', () => undefined).destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

type Received = Dispatcher.ResponseData;

function webHeaders(received: Received['headers']): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(received)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      // undici reads values as UTF-8, and Headers takes only what is one byte a letter.
      if (!/[^\t\x20-\xff]/.test(value)) headers.append(name, value);
    }
  }
  return headers;
}

/** How much waits here for its reader, in bytes, before the socket is stopped. */
const highWaterMark = 256 * 1024;

function webBody(body: Received['body']): ReadableStream<Uint8Array> {
  let done = false;
  const end = (act: () => void) => {
    if (done) return;
    done = true;
    act();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.on('data', (chunk: Uint8Array) => {
          if (done) return;
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

/** An error and the causes below it, outermost first. */
function chainOf(error: unknown): Error[] {
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

const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Node's own fetch gives such an error a code; undici 7 only the name. */
function isParserError(error: Error): boolean {
  return error.name === 'HTTPParserError' || codeOf(error)?.startsWith('HPE_') === true;
}

/**
 * Explains what Node or undici threw for a request or its body. The thrown error is kept as cause,
 * except a parser's: that one holds raw headers, which may be a signed Location.
 */
export function fetchError(error: unknown, part: 'headers' | 'body'): FetchError {
  const chain = chainOf(error);
  const isUnparsable = chain.some(isParserError);
  const explained = (kind: FetchError['kind'], reason: string) => {
    const code = chain.map(codeOf).findLast((found) => found !== undefined);
    const detail = code === undefined ? '' : ` (${code})`;
    return new FetchError(kind, `${reason}${detail}`, isUnparsable ? undefined : { cause: error });
  };
  if (chain.some((link) => timeoutCodes.has(codeOf(link) ?? ''))) {
    return explained('timeout', 'no answer in time');
  }
  if (part === 'body') return explained('unreachable', 'the body broke off');
  // Docker Hub's abuse page once had header lines that end in LF alone, on which Node's fetch
  // throws: what cannot be parsed is taken for that page.
  if (isUnparsable) {
    return explained('limited', 'an answer that is not HTTP, as when there were too many requests');
  }
  return explained('unreachable', 'no connection');
}
