import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/**
 * How long a start waits for its former port, in ms: while it was stopped, the kernel may have given
 * the port to some process's outgoing connection.
 */
const portPatience = 15_000;

/** A listener on loopback that can be stopped and started again on the same port. */
export class Origin {
  readonly #server: Server;
  #port: number;

  /** Port 0 takes a free one at the first start. */
  constructor(port: number, handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#port = port;
    this.#server = createServer(handle);
    // A client's idle connection is not closed under its next request: that would be a fault of its own.
    this.#server.keepAliveTimeout = 120_000;
    this.#server.requestTimeout = 0;
  }

  /** The base URL; known once the first start has happened. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; does nothing if it already does. */
  async start(): Promise<void> {
    if (this.#server.listening) return;
    const giveUp = Date.now() + portPatience;
    for (;;) {
      try {
        return await this.#listen();
      } catch (error) {
        const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
        if (this.#port === 0 || !isTaken || Date.now() > giveUp) throw error;
        await setTimeout(100);
      }
    }
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', 1024, () => {
        this.#server.off('error', reject);
        this.#port = portOf(this.#server.address());
        resolve();
      });
    });
  }

  /** Refuses new connections and cuts those that are open. */
  stop(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP listener');
  return address.port;
}
