import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { listen } from './listen.ts';

/** A request that passed, as the client wrote it, and the answer it got. */
export interface Passed {
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** The scheme of the Authorization header; its value is never kept. */
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  /** When it came, by `performance.now()`. */
  readonly at: number;
  /** 0 until the answer came. */
  status: number;
  /** Milliseconds until the answer's headers came; infinite until then. */
  waited: number;
  answer: IncomingHttpHeaders;
  /** Of the answer's body, as far as they came. */
  bytes: number;
  /** Whether the body was cut on purpose. */
  cut: boolean;
}

/** Where a body is cut on its way to the client. */
export interface Cut {
  readonly match: RegExp;
  /** Bytes of body that still arrive. */
  readonly after: number;
  /** How many answers it befalls. */
  times: number;
}

/** Certificate and key, PEM. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Stands between client and server at a fixed address, notes what passes, and cuts if told. */
export class Tap {
  readonly passed: Passed[] = [];
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  #target: URL | undefined;
  #cut: Cut | undefined;
  #address = '';

  constructor(tls: TlsFiles | undefined) {
    const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
      this.#forward(incoming, outgoing);
    this.#server = tls === undefined ? createServer(forward) : createTlsServer(tls, forward);
  }

  /** `HOST:PORT`. */
  get address(): string {
    return this.#address;
  }

  /** Listens on a free port of loopback. */
  async open(): Promise<void> {
    this.#address = await listen(this.#server);
  }

  /** Sends what comes to this server. */
  to(url: string): void {
    this.#target = new URL(url);
  }

  /** Cuts bodies until the number of times is used up. */
  cut(cut: Cut): void {
    this.#cut = cut;
  }

  /** The requests for which a part of `METHOD target -> status` matches. */
  matching(pattern: RegExp): Passed[] {
    return this.passed.filter((one) =>
      pattern.test(`${one.method} ${one.target} -> ${one.status}`),
    );
  }

  /** Forgets what passed and cuts no more. */
  clear(): void {
    this.passed.length = 0;
    this.#cut = undefined;
  }

  /** Closes all connections. */
  close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const passed: Passed = {
      method,
      target: url,
      authorization: headers.authorization?.split(' ')[0],
      range: headers.range,
      at: performance.now(),
      status: 0,
      waited: Number.POSITIVE_INFINITY,
      answer: {},
      bytes: 0,
      cut: false,
    };
    this.passed.push(passed);
    const { hostname, port } = this.#target ?? new URL('http://127.0.0.1:9');
    const ahead = request(
      { host: hostname, port, method, path: url, headers, agent: this.#agent },
      (answer) => {
        passed.status = answer.statusCode ?? 0;
        passed.waited = performance.now() - passed.at;
        passed.answer = answer.headers;
        outgoing.writeHead(passed.status, answer.headers);
        answer.on('data', (chunk: Buffer) => {
          passed.bytes += chunk.length;
        });
        const after = this.#takeCut(url);
        if (after === undefined) answer.pipe(outgoing);
        else pipeUntil(answer, outgoing, after, passed);
        answer.on('error', () => outgoing.destroy());
      },
    );
    ahead.on('error', () => outgoing.destroy());
    outgoing.on('close', () => ahead.destroy());
    incoming.pipe(ahead);
  }

  #takeCut(url: string): number | undefined {
    const cut = this.#cut;
    if (cut === undefined || cut.times === 0 || !cut.match.test(url)) return undefined;
    cut.times -= 1;
    return cut.after;
  }
}

/** Opens a tap, over https if it is given a certificate. */
export async function openTap(tls?: TlsFiles): Promise<Tap> {
  const tap = new Tap(tls);
  await tap.open();
  return tap;
}

function pipeUntil(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  after: number,
  passed: Passed,
): void {
  let left = after;
  answer.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    if (left > 0) {
      outgoing.write(part);
      return;
    }
    passed.cut = true;
    answer.pause();
    // The part must have left this process before the connection goes.
    outgoing.write(part, () => outgoing.socket?.end());
  });
  answer.on('end', () => outgoing.end());
}
