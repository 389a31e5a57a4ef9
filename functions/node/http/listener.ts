import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../../core/config/resolve.ts';
import { MeteredResponse } from './write-answer.ts';

/** Answers one request. It does not reject. */
export type RequestHandler = (request: IncomingMessage, response: MeteredResponse) => Promise<void>;

/** A server that listens. */
export interface Listener {
  readonly address: AddressInfo;
  /** Takes no new connection, waits for the answers under way for so many ms, then cuts them. */
  close(milliseconds: number): Promise<void>;
}

const options = {
  ServerResponse: MeteredResponse,
  // Load balancers keep idle connections for 60 s: the server must not be the first to close one.
  keepAliveTimeout: 75_000,
  // For what clients send; an answer may take as long as it takes.
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32 * 1024,
  // Finds out about clients that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
};

/** Listens by http, or by https with the configured files; rejects with the system's error. */
export async function listen(
  config: Pick<Config, 'listen' | 'tls'>,
  handler: RequestHandler,
): Promise<Listener> {
  const connections = new OpenConnections();
  const answer = (request: IncomingMessage, response: MeteredResponse) => {
    connections.answering(request.socket, response);
    // Nobody reads a body here, and reading it away may take as long as the client likes.
    if (hasBody(request)) response.shouldKeepAlive = false;
    void handler(request, response);
  };
  const server = await makeServer(config.tls);
  server.on(config.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
    connections.opened(socket),
  );
  server.on('request', answer);
  // Without this Node would ask for a body that nobody wants.
  server.on('checkContinue', answer);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Into an answer that is under way nothing may be written.
    if (error.code === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket)) {
      socket.destroy();
    } else {
      refuse(error, socket);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...config.listen }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a network address');
  return {
    address,
    async close(milliseconds) {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      connections.close();
      const timer = setTimeout(() => connections.cut(), milliseconds);
      await closed;
      clearTimeout(timer);
    },
  };
}

type AnswerServer = Server<typeof IncomingMessage, typeof MeteredResponse>;

async function makeServer(tls: Config['tls']): Promise<AnswerServer> {
  if (tls === undefined) return createServer(options);
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
  return createTlsServer({
    ...options,
    cert,
    key,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
  });
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && length !== '0';
}

/** How long a client may take to read a refusal and to go, in ms. */
const refusalTime = 1000;

/** Answers what could not be read as HTTP, and ends the connection also if the client does not. */
function refuse({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  const status = statuses[code] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), refusalTime);
  socket.once('close', () => clearTimeout(timer));
}

const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** The connections of a server, and which of them wait for nothing. */
class OpenConnections {
  /** Answers under way by connection. */
  readonly #open = new Map<Socket, Set<ServerResponse>>();
  #closing = false;

  opened(socket: Socket): void {
    const answers = new Set<ServerResponse>();
    this.#open.set(socket, answers);
    socket.once('close', () => {
      this.#open.delete(socket);
      for (const response of answers) abandon(response);
    });
    if (this.#closing) socket.destroy();
  }

  /** Notes an answer until it has left. While closing, its connection ends with it. */
  answering(socket: Socket, response: ServerResponse): void {
    const answers = this.#open.get(socket);
    answers?.add(response);
    if (this.#closing) response.shouldKeepAlive = false;
    response.once('close', () => {
      answers?.delete(response);
      if (this.#closing && answers?.size === 0) socket.destroySoon();
    });
  }

  /** True while an answer is under way on a connection. */
  isAnswering(socket: Duplex): boolean {
    return socket instanceof Socket && (this.#open.get(socket)?.size ?? 0) > 0;
  }

  /**
   * Ends every connection as soon as no answer is under way on it. Node itself leaves those alone
   * that have never sent a request, and those whose answer began before the end.
   */
  close(): void {
    this.#closing = true;
    for (const [socket, { size }] of this.#open) if (size === 0) socket.destroySoon();
  }

  /** Cuts all connections, whatever is under way. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

/** Node tells only the first of pipelined answers that its connection is gone. */
function abandon(response: ServerResponse): void {
  if (response.socket !== null) return;
  response.destroy();
  response.emit('close');
}
