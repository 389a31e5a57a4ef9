import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How many pipelined requests of one connection may wait; registry clients do not pipeline at all. */
const maxWaiting = 100;

interface Request {
  readonly response: ServerResponse;
  begin(): void;
}

/** A connection with the request that is being answered and those that arrived behind it. */
interface Connection {
  current: Request | undefined;
  readonly waiting: Request[];
  /** True once more requests arrived than may wait: the connection ends after these. */
  isFull: boolean;
}

/**
 * The open connections of a server. A pipelined request begins when the answer before it has been sent,
 * and not before the event loop has turned: a client that floods one connection takes turns with the
 * others, and opens one file at a time.
 */
export class OpenConnections {
  readonly #open = new Map<Socket, Connection>();
  #closing = false;

  opened(socket: Socket): void {
    const connection: Connection = { current: undefined, waiting: [], isFull: false };
    this.#open.set(socket, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      connection.waiting.length = 0;
    });
    if (this.#closing) socket.destroy();
  }

  /** Calls `begin` when the request's turn comes; never if its connection ends before. */
  admit(socket: Socket, response: ServerResponse, begin: () => void): void {
    const connection = this.#open.get(socket);
    if (connection === undefined || connection.isFull) return;
    const request = { response, begin };
    if (connection.current === undefined) {
      this.#begin(socket, connection, request);
      return;
    }
    if (this.#closing) return;
    connection.waiting.push(request);
    if (connection.waiting.length < maxWaiting) return;
    connection.isFull = true;
    response.shouldKeepAlive = false;
    socket.pause();
  }

  #begin(socket: Socket, connection: Connection, request: Request): void {
    connection.current = request;
    if (this.#closing) request.response.shouldKeepAlive = false;
    request.response.once('close', () => this.#ended(socket, connection));
    request.begin();
  }

  #ended(socket: Socket, connection: Connection): void {
    connection.current = undefined;
    if (this.#closing) {
      socket.destroySoon();
      return;
    }
    const next = connection.waiting.shift();
    if (next === undefined) return;
    // The place stays taken until then.
    connection.current = next;
    setImmediate(() => {
      if (!socket.destroyed) this.#begin(socket, connection, next);
    });
  }

  isAnswering(socket: Duplex): boolean {
    return socket instanceof Socket && this.#open.get(socket)?.current !== undefined;
  }

  /**
   * Ends every connection as soon as it has no answer in flight; pipelined requests that wait are
   * dropped. Node's own close() leaves open those that never sent a request and those whose answer
   * began before it.
   */
  close(): void {
    this.#closing = true;
    for (const [socket, { current, waiting }] of this.#open) {
      waiting.length = 0;
      if (current === undefined) socket.destroySoon();
    }
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
