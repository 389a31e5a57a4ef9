import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../../core/config/resolve.ts';
import { MeteredResponse } from './write-answer.ts';

/** Answers one request. Does not reject. */
export type RequestHandler = (request: IncomingMessage, response: MeteredResponse) => Promise<void>;

/** A listening server. */
export interface Listener {
  readonly address: AddressInfo;
  /** Stops accepting connections and waits for answers in flight; cuts them after `milliseconds`. */
  close(milliseconds: number): Promise<void>;
}

const options = {
  ServerResponse: MeteredResponse,
  // Load balancers keep idle connections for 60 s; the server must not close one first.
  keepAliveTimeout: 75_000,
  // These bound what clients send; answers may take as long as they need.
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32 * 1024,
  // Detects clients that vanished without closing their connection.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
};

/** Listens for http, or for https with the configured files. Rejects with the system's error. */
export async function listen(
  config: Pick<Config, 'listen' | 'tls'>,
  handler: RequestHandler,
): Promise<Listener> {
  const connections = new OpenConnections();
  const answer = (request: IncomingMessage, response: MeteredResponse) => {
    connections.answering(request.socket, response);
    // Request bodies are never read; draining one could take arbitrarily long.
    if (hasBody(request)) response.shouldKeepAlive = false;
    void handler(request, response);
  };
  const server = await createHttpServer(config.tls);
  server.on(config.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
    connections.opened(socket),
  );
  server.on('request', answer);
  // Without this listener Node would ask the client for the body.
  server.on('checkContinue', answer);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A refusal must not be written into an answer in flight.
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
  return {
    address: server.address() as AddressInfo,
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

async function createHttpServer(tls: Config['tls']) {
  if (tls === undefined) return createServer(options);
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
  const tlsOptions = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
  return createTlsServer({ ...options, ...tlsOptions });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** How long a client may take to read a refusal and close the connection, in ms. */
const refusalTime = 1000;

/** Answers what is not valid HTTP, and closes the connection even if the client does not. */
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

/** The open connections of a server and the answers in flight on each. */
class OpenConnections {
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

  /** Tracks an answer until it is sent. While the server closes, its connection ends with it. */
  answering(socket: Socket, response: ServerResponse): void {
    const answers = this.#open.get(socket);
    answers?.add(response);
    if (this.#closing) response.shouldKeepAlive = false;
    response.once('close', () => {
      answers?.delete(response);
      if (this.#closing && answers?.size === 0) socket.destroySoon();
    });
  }

  isAnswering(socket: Duplex): boolean {
    return socket instanceof Socket && (this.#open.get(socket)?.size ?? 0) > 0;
  }

  /**
   * Ends every connection as soon as it has no answer in flight. Node's own close() leaves open those
   * that never sent a request and those whose answer began before it.
   */
  close(): void {
    this.#closing = true;
    for (const [socket, { size }] of this.#open) if (size === 0) socket.destroySoon();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

/** Of pipelined answers Node tells only the first that its connection is gone. */
function abandon(response: ServerResponse): void {
  if (response.socket !== null) return;
  response.destroy();
  response.emit('close');
}
