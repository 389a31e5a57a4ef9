import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FillHandler, FillJob } from '../../../functions/core/ports/fill-queue.ts';
import type { HandledQueue } from '../../contract/fill-queue-contract.ts';
import type { Workerd } from './open-workerd.ts';
import { fromWire, toWire } from './wire.ts';

/** A job as the Worker got it. */
interface Handed {
  readonly job: FillJob;
  readonly delivery: number;
}

/** Handles, here, the fills that a Worker's consumer gets. */
export class HandlerServer {
  /** What was given up, with the reason. */
  readonly givenUp: unknown[] = [];
  readonly #server: Server = createServer((request, response) => {
    text(request).then((body) => {
      if (request.url === '/given-up') this.#keep(body, response);
      else this.#handle(fromWire(body), response);
    }, response.destroy);
  });
  readonly #waiting = new Set<() => void>();
  readonly #underWay = new Set<ServerResponse>();
  #handler: FillHandler | undefined;
  #process = new AbortController();
  #wake: () => void = () => undefined;

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // A server on a port always has this form of address.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Begins to handle, also what waits. */
  handleBy(handler: FillHandler): void {
    this.#handler = handler;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Ends the process that handles: whoever waits for it is cut off. */
  interrupt(): void {
    this.#handler = undefined;
    this.#process.abort();
    this.#process = new AbortController();
    for (const response of this.#underWay) response.destroy();
  }

  /** So many were given up. */
  async hasGivenUp(count: number): Promise<readonly unknown[]> {
    while (this.givenUp.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.givenUp;
  }

  async close(): Promise<void> {
    this.interrupt();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #keep(body: string, response: ServerResponse): void {
    this.givenUp.push(fromWire(body));
    response.end();
    this.#wake();
  }

  #handle(handed: Handed, response: ServerResponse): void {
    const handler = this.#handler;
    if (handler === undefined) {
      this.#waiting.add(() => this.#handle(handed, response));
      return;
    }
    this.#underWay.add(response);
    response.once('close', () => this.#underWay.delete(response));
    handler(handed.job, this.#process.signal, handed.delivery).then(
      (outcome) => response.end(toWire(outcome)),
      () => response.destroy(),
    );
  }
}

/** The queue of a Worker, with its jobs handled here. */
export class RemoteQueue implements HandledQueue {
  readonly #workerd: Workerd;
  readonly #handlers: HandlerServer;

  constructor(workerd: Workerd, handlers: HandlerServer) {
    this.#workerd = workerd;
    this.#handlers = handlers;
  }

  async enqueue(jobs: readonly FillJob[]): Promise<void> {
    await this.#workerd.call({ instance: 0, port: 'queue', method: 'enqueue', args: [jobs] });
  }

  start(handler: FillHandler): void {
    this.#handlers.handleBy(handler);
  }
}
