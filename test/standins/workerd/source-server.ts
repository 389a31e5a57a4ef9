import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ByteReader } from '../../../functions/core/bytes/byte-reader.ts';
import type { BlobSource } from '../../../functions/core/ports/blob-store.ts';

/** A source that a Worker reads over loopback. */
export interface ServedSource {
  readonly url: string;
  /** Where the Worker learns of an abort. */
  readonly abortUrl: string;
  /** The source's own error, once it gave up. */
  failure(): unknown;
  remove(): void;
}

interface Served {
  readonly source: BlobSource;
  readonly signal: AbortSignal | undefined;
  failure: unknown;
}

/** Serves the sources of puts, and their aborts, to a Worker. */
export class SourceServer {
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => response.destroy(Error(`${error}`)));
  });
  readonly #served = new Map<string, Served>();
  #origin = '';
  #last = 0;

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // A server on a port always has this form of address.
    const { port } = this.#server.address() as AddressInfo;
    this.#origin = `http://127.0.0.1:${port}`;
    return this;
  }

  serve(source: BlobSource, signal: AbortSignal | undefined): ServedSource {
    this.#last += 1;
    const name = String(this.#last);
    const served: Served = { source, signal, failure: undefined };
    this.#served.set(name, served);
    return {
      url: `${this.#origin}/source/${name}`,
      abortUrl: `${this.#origin}/abort/${name}`,
      failure: () => served.failure,
      remove: () => this.#served.delete(name),
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.#origin);
    const [, kind, name = ''] = url.pathname.split('/');
    const served = this.#served.get(name);
    if (served === undefined) {
      response.writeHead(404).end();
    } else if (kind === 'abort') {
      answerWhenAborted(served.signal, response);
    } else {
      const end = url.searchParams.get('end');
      const start = Number(url.searchParams.get('start'));
      await send(
        served,
        served.source.open(start, end === null ? undefined : Number(end)),
        response,
      );
    }
  }
}

function answerWhenAborted(signal: AbortSignal | undefined, response: ServerResponse): void {
  if (signal?.aborted === true) {
    response.writeHead(200, { 'x-state': 'aborted', 'x-reason': messageOf(signal) }).end();
    return;
  }
  response.writeHead(200).flushHeaders();
  const tell = () => response.end(signal && messageOf(signal));
  signal?.addEventListener('abort', tell, { once: true });
  response.once('close', () => signal?.removeEventListener('abort', tell));
}

function messageOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** At the reader's pace; a reader that leaves cancels the source. */
async function send(served: Served, reader: ByteReader, response: ServerResponse): Promise<void> {
  const closed = once(response, 'close').then(() => {
    if (!response.writableEnded) reader.cancel('the Worker left').catch(() => undefined);
  });
  response.writeHead(200).flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!response.write(value)) await Promise.race([once(response, 'drain'), closed]);
    }
    response.end();
  } catch (error) {
    served.failure = error;
    // Cut, not ended: what came is not all.
    response.destroy();
  }
}
