import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, and which of them wait for nothing. */
export class OpenConnections {
  /** Answers under way by connection. */
  readonly #open = new Map<Socket, number>();
  #closing = false;

  opened(socket: Socket): void {
    this.#open.set(socket, 0);
    socket.once('close', () => this.#open.delete(socket));
    if (this.#closing) socket.destroy();
  }

  /** Notes an answer until it has left. While closing, its connection ends with it. */
  answering(socket: Socket, response: ServerResponse): void {
    this.#open.set(socket, (this.#open.get(socket) ?? 0) + 1);
    if (this.#closing) response.shouldKeepAlive = false;
    response.once('close', () => {
      const left = (this.#open.get(socket) ?? 1) - 1;
      if (!this.#open.has(socket)) return;
      this.#open.set(socket, left);
      if (this.#closing && left === 0) socket.destroySoon();
    });
  }

  /**
   * Ends every connection as soon as no answer is under way on it. Node itself leaves those alone
   * that have never sent a request, and those whose answer began before the end.
   */
  close(): void {
    this.#closing = true;
    for (const [socket, answers] of this.#open) if (answers === 0) socket.destroySoon();
  }

  /** Cuts all connections, whatever is under way. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
