import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The connections of a server, and which of them wait for nothing. */
export class OpenConnections {
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
