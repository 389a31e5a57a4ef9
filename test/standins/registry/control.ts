import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Settings } from './settings.ts';
import type { Upstream } from './upstream.ts';

/**
 * Serves the switches of a stand-in in a process of its own, on a listener that stays when the
 * stand-in is stopped: GET stats and requests, POST set, stop, start, clear, reset and revoke, all
 * under `/_standin/`. Gives the base URL and the server.
 */
export async function startControl(upstream: Upstream): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    answer(upstream, request)
      .then((value) => ({ status: value === undefined ? 404 : 200, value }))
      .catch((error: unknown) => ({ status: 400, value: { error: String(error) } }))
      .then(({ status, value }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value ?? {}));
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // A TCP listener has no other address.
  return { url: `http://127.0.0.1:${port}`, server };
}

async function answer(upstream: Upstream, request: IncomingMessage): Promise<unknown> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /_standin/stats':
      return upstream.totals();
    case 'GET /_standin/requests':
      return upstream.requests.map((one) => ({ ...one, query: one.query.toString() }));
    case 'POST /_standin/set':
      upstream.set((await bodyOf(request)) as Partial<Settings>); // The caller is a test of ours.
      return {};
    case 'POST /_standin/stop':
      await upstream.stop();
      return {};
    case 'POST /_standin/start':
      await upstream.start();
      return {};
    case 'POST /_standin/clear':
      upstream.clear();
      return {};
    case 'POST /_standin/reset':
      upstream.reset();
      return {};
    case 'POST /_standin/revoke':
      upstream.revokeTokens();
      return {};
    default:
      return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
