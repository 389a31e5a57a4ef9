import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import type { UpstreamEvent } from '../../../../functions/core/ports/event.ts';
import type { RemoteRepository } from '../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { createUpstream } from '../../../../functions/core/upstream/client.ts';
import type {
  UpstreamFetch,
  UpstreamOptions,
} from '../../../../functions/core/upstream/connection.ts';

/** What the server answers with. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /** After this many bytes of the body the connection is cut, or stays open in silence. */
  readonly broken?: { readonly after: number; readonly by: 'cut' | 'stall' };
  /** Nothing at all is answered. */
  /** The pause between the headers and the body, in ms. */
  readonly bodyAfter?: number;
  readonly silent?: boolean;
}

/** One line of the table: a request that is expected, and its answer. */
export interface ScriptedExchange {
  readonly method?: 'GET' | 'HEAD';
  /** Path and query. */
  readonly path: string;
  /** Headers the request must have; undefined: must not have. */
  readonly needs?: Readonly<Record<string, string | undefined>>;
  /** How often it is expected. */
  readonly times?: number;
  readonly answer?: ScriptedAnswer;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: URL;
  readonly seen: SeenRequest[];
  /** Appends to the table: paths and headers often hold the server's own port. */
  expect(...exchanges: ScriptedExchange[]): void;
  /** Fails unless the requests were exactly those of the table, in any order. */
  verify(): void;
}

/** How a registry refuses, and so the usual body of a refusal here. */
export const registryError = '{"errors":[{"code":"DENIED","message":"no"}]}';

function isMatch(exchange: ScriptedExchange, request: SeenRequest): boolean {
  const headers = Object.entries(exchange.needs ?? {});
  return (
    (exchange.method ?? 'GET') === request.method &&
    exchange.path === request.path &&
    headers.every(([name, value]) => request.headers[name] === value)
  );
}

function write(response: ServerResponse, method: string, answer: ScriptedAnswer): void {
  if (answer.silent) return;
  const { status = 200 } = answer;
  const body = Buffer.from(answer.body ?? ([401, 403, 404].includes(status) ? registryError : ''));
  response.writeHead(status, {
    ...(!answer.headers?.['transfer-encoding'] && { 'content-length': String(body.length) }),
    ...answer.headers,
  });
  const { broken, bodyAfter } = answer;
  if (method === 'HEAD') response.end();
  else if (bodyAfter !== undefined) {
    response.flushHeaders();
    setTimeout(() => response.end(body), bodyAfter);
  } else if (broken === undefined) response.end(body);
  else {
    response.flushHeaders();
    response.write(body.subarray(0, broken.after), () => {
      if (broken.by === 'cut') response.destroy();
    });
  }
}

/** Starts a server on loopback that answers by the table, and 599 to everything else. */
export async function startScripted(...table: ScriptedExchange[]): Promise<ScriptedServer> {
  const open: { exchange: ScriptedExchange; left: number }[] = [];
  const seen: SeenRequest[] = [];
  const unexpected: string[] = [];
  const expect = (...exchanges: ScriptedExchange[]) => {
    open.push(...exchanges.map((exchange) => ({ exchange, left: exchange.times ?? 1 })));
  };
  expect(...table);
  const server = createServer((incoming, response) => {
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers };
    seen.push(request);
    const line = open.find(({ exchange, left }) => left > 0 && isMatch(exchange, request));
    if (line === undefined) {
      unexpected.push(`${method} ${path} ${JSON.stringify(headers)}`);
      response.writeHead(599).end();
      return;
    }
    line.left -= 1;
    write(response, method, line.exchange.answer ?? {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    seen,
    expect,
    verify() {
      const missing = open.filter(({ left }) => left > 0 && left !== Number.POSITIVE_INFINITY);
      assert.deepEqual(unexpected, [], 'requests nobody expected');
      assert.deepEqual(missing, [], 'requests that never came');
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A client of a scripted server, with what it observed. */
export function clientOf(
  url: URL,
  options: Partial<UpstreamOptions> & { now?: () => number; fetch?: UpstreamFetch } = {},
) {
  const events: UpstreamEvent[] = [];
  const { now = Date.now, fetch: send = fetch, ...others } = options;
  const upstream = createUpstream(
    { registry: 'test.example', url, userAgent: 'pullfront/0', ...others },
    { fetch: send, now, observe: (event) => events.push(event) },
  );
  const calls = { upstreamCalls: 0 };
  /** A repository there; all of them count together. */
  const at = (name: string): RemoteRepository => ({
    name,
    get upstreamCalls() {
      return calls.upstreamCalls;
    },
    set upstreamCalls(count) {
      calls.upstreamCalls = count;
    },
  });
  return { upstream, events, calls, at };
}

/** The UpstreamError a promise rejects with; fails when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof UpstreamError, `no UpstreamError but ${String(outcome)}`);
  return outcome;
}

export function digestFor(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
}
