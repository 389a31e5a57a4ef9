import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that came by. */
export interface SeenCall {
  /** `GetItem`. */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a test answers in the service's place. */
export type StandInAnswer =
  | {
      readonly status: number;
      readonly body: object;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is cut, before or after the service did its work. */
  | 'cut'
  | 'cut-after'
  | 'silence';

type Decision = (call: SeenCall) => StandInAnswer | undefined | Promise<StandInAnswer | undefined>;

/** Stands before a JSON service, notes its calls and plays its faults. */
export interface ServiceProxy {
  readonly endpoint: string;
  readonly calls: SeenCall[];
  /** Decides about each call from now on; undefined lets it through, a promise holds it. */
  answerBy(decide: Decision): void;
  /** The operations seen while `work` ran, in their order. */
  during(work: () => Promise<unknown>): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts a proxy before the service at `endpoint`. */
export async function startServiceProxy(endpoint: string): Promise<ServiceProxy> {
  const calls: SeenCall[] = [];
  let decide: Decision = () => undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const target = String(request.headers['x-amz-target']);
    const call = {
      action: target.slice(target.indexOf('.') + 1),
      input: JSON.parse(body.toString('utf8')),
    };
    calls.push(call);
    const standIn = await decide(call);
    if (standIn === 'silence') return;
    if (standIn === 'cut') return void request.socket.destroy();
    if (typeof standIn === 'object') {
      const type = { 'content-type': 'application/x-amz-json-1.0' };
      response.writeHead(standIn.status, { ...type, ...standIn.headers });
      response.end(JSON.stringify(standIn.body));
      return;
    }
    const { authorization = '' } = request.headers;
    const headers = {
      'content-type': String(request.headers['content-type']),
      'x-amz-target': target,
      'x-amz-date': String(request.headers['x-amz-date']),
      authorization,
    };
    const answer = await fetch(endpoint, { method: 'POST', headers, body });
    const text = await answer.text();
    if (standIn === 'cut-after') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(text);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    answerBy(decision) {
      decide = decision;
    },
    async during(work) {
      const from = calls.length;
      await work();
      return calls.slice(from).map(({ action }) => action);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
