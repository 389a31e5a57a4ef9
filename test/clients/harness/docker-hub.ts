import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { makeCertificate } from './certificate.ts';
import { listen } from './listen.ts';
import { openTap, type Tap } from './tap.ts';

const hub = 'registry-1.docker.io';

/** A way to `https://registry-1.docker.io` for one daemon, which ends at a stand-in. */
export interface HubRoute {
  /** What passed to the registry. */
  readonly tap: Tap;
  /** What the daemon needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Hosts that it wanted to reach and that are not the registry. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/**
 * dockerd has no setting for the registry behind its mirrors, but it goes by HTTPS_PROXY and Go's
 * SSL_CERT_FILE: so its fallback to Docker Hub can be followed to the end without any internet.
 */
export async function openHubRoute(folder: string, origin: string): Promise<HubRoute> {
  const { cert, key } = await makeCertificate(folder, 'hub', `DNS:${hub}`);
  const tap = await openTap({ cert: readFileSync(cert), key: readFileSync(key) });
  tap.to(origin);
  const [host = '', port = ''] = tap.address.split(':');
  const refused: string[] = [];
  const tunnels = new Set<Duplex>();
  const proxy = createServer((_request, response) => response.writeHead(403).end());
  proxy.on('connect', (request: IncomingMessage, client: Duplex) => {
    if (request.url !== `${hub}:443`) {
      refused.push(request.url ?? '');
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const server = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(server).pipe(client);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      tunnels.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => tunnels.delete(one));
    }
  });
  const address = await listen(proxy);
  return {
    tap,
    refused,
    env: { HTTPS_PROXY: `http://${address}`, NO_PROXY: '127.0.0.1', SSL_CERT_FILE: cert },
    close: async () => {
      for (const one of tunnels) one.destroy();
      await tap.close();
      await new Promise((done) => proxy.close(done));
    },
  };
}
