import dns, { type LookupAddress, type LookupAllOptions } from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import net, {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { UpstreamFetch } from '../../../functions/core/upstream/connection.ts';
import { Destinations } from '../../../functions/core/upstream/destinations.ts';
import { FetchError } from '../../../functions/core/upstream/fetch-error.ts';
import { openConnections } from '../../../functions/node/http-client.ts';
import { openHttpsFetch } from '../../../functions/node/https-client.ts';
import { makeCertificate } from '../../clients/harness/certificate.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of open.splice(0)) await close();
});

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const serving = (handler: RequestListener) => portOf(createServer(handler));

const systemLookup = dns.lookup;

/** Gives names of the tests these addresses. */
function resolving(known: Record<string, string[]>): void {
  vi.spyOn(dns, 'lookup').mockImplementation(((
    hostname: string,
    options: LookupAllOptions,
    done: (error: Error | null, addresses: LookupAddress[]) => void,
  ) => {
    const addresses = known[hostname]?.map((address) => ({ address, family: 4 }));
    if (addresses === undefined) systemLookup(hostname, options, done);
    else done(null, addresses);
  }) as typeof dns.lookup);
}

const upstreamAt = (url: string, more = {}) => new Destinations({ url: new URL(url), ...more });
const loopback = upstreamAt('http://127.0.0.1');
const hub = upstreamAt('https://registry.test');

const clients: readonly [string, (environment?: Record<string, string>) => UpstreamFetch][] = [
  [
    'the client of servers and the fill function',
    (environment = {}) => {
      const connections = openConnections(environment);
      open.push(() => connections.close());
      return connections.fetch;
    },
  ],
  ['the client of the pull function', (environment = {}) => openHttpsFetch(environment)],
];

describe.each(clients)('%s', (_, openFetch) => {
  const get = (fetch: UpstreamFetch, url: string, destinations = loopback) =>
    fetch(url, {
      method: 'GET',
      headers: {},
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
      purpose: 'blob',
      destinations,
    });
  const textOf = async (...given: Parameters<typeof get>) => (await get(...given)).text();

  test('skips a 100 Continue that nobody asked for, however it arrives', async () => {
    const port = await portOf(
      createTcpServer((socket) => {
        socket.on('data', async () => {
          const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nHTTP/1.1 100 is text';
          const text = `HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${answer}`;
          for (const part of text.match(/[\s\S]{1,9}/g) ?? []) {
            socket.write(part);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        });
      }),
    );
    const fetch = openFetch();
    const url = `http://127.0.0.1:${port}/`;
    expect(await textOf(fetch, url)).toBe('HTTP/1.1 100 is text');
    expect(await textOf(fetch, url)).toBe('HTTP/1.1 100 is text');
  });

  test('accepts headers of 200 kB and keeps what a Content-Encoding labels', async () => {
    const port = await serving((__, response) => {
      for (let i = 0; i < 20; i++) response.setHeader(`x-policy-${i}`, 'p'.repeat(10_000));
      response.setHeader('content-encoding', 'gzip');
      response.end('not gzip');
    });
    const response = await get(openFetch(), `http://127.0.0.1:${port}/`);
    expect(response.headers.get('x-policy-19')).toHaveLength(10_000);
    expect(await response.text()).toBe('not gzip');
  });

  test('does not connect to private addresses for a registry at a public one', async () => {
    resolving({ 'internal.test': ['127.0.0.1'], 'metadata.test': ['169.254.169.254', '10.0.0.1'] });
    const requests: unknown[] = [];
    const port = await serving(({ url }, response) => {
      requests.push(url);
      response.end('internal');
    });
    const fetch = openFetch();
    for (const host of ['127.0.0.1', 'localhost', '[::1]', 'internal.test', 'metadata.test']) {
      const failure = await get(fetch, `http://${host}:${port}/`, hub).catch((error) => error);
      expect(failure, host).toBeInstanceOf(FetchError);
      expect(failure).toMatchObject({ kind: 'invalid', message: /"privateHosts"/ });
    }
    expect(requests).toEqual([]);
  });

  test('connects to private addresses that are configured, for this upstream alone', async () => {
    resolving({ 'internal.test': ['127.0.0.1'] });
    const port = await serving((__, response) => response.end('internal'));
    const url = `http://internal.test:${port}/`;
    const fetch = openFetch();
    for (const privateHosts of [['internal.test'], [`internal.test:${port}`], ['127.0.0.0/8']]) {
      const allowed = upstreamAt('https://registry.test', { privateHosts });
      expect(await textOf(fetch, url, allowed)).toBe('internal');
    }
    expect(await textOf(fetch, url, upstreamAt('http://internal.test'))).toBe('internal');
    // Over no connection that another upstream left open.
    await expect(get(fetch, url, hub)).rejects.toThrow('private address');
  });

  test('follows a registry that answers on loopback to loopback', async () => {
    resolving({ 'registry.test': ['127.0.0.1'], 'storage.test': ['127.0.0.1'] });
    const port = await serving((__, response) => response.end('here'));
    const registry = upstreamAt(`http://registry.test:${port}`);
    const fetch = openFetch();
    await expect(get(fetch, `http://storage.test:${port}/`, registry)).rejects.toThrow();
    expect(await textOf(fetch, `http://registry.test:${port}/`, registry)).toBe('here');
    expect(await textOf(fetch, `http://storage.test:${port}/`, registry)).toBe('here');
  });

  test('takes a registry that also has a public address for a public one', async () => {
    resolving({ 'registry.test': ['127.0.0.1', '203.0.113.1'], 'storage.test': ['127.0.0.1'] });
    const port = await serving((__, response) => response.end('here'));
    const registry = upstreamAt(`http://registry.test:${port}`);
    const fetch = openFetch();
    expect(await textOf(fetch, `http://registry.test:${port}/`, registry)).toBe('here');
    await expect(get(fetch, `http://storage.test:${port}/`, registry)).rejects.toThrow('private');
  });

  test('trusts the certificate authority of an upstream, and no other’s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pullfront-ca-'));
    open.push(() => rm(folder, { recursive: true, force: true }));
    const { cert, key } = await makeCertificate(folder, 'own', 'DNS:localhost');
    const pem = await readFile(cert, 'utf8');
    const options = { cert: pem, key: await readFile(key) };
    const port = await portOf(createTlsServer(options, (__, response) => response.end('trusted')));
    const url = `https://localhost:${port}/`;
    const untrusted = /^the certificate is not trusted; set "ca" if it is your own \([A-Z_]+\)$/;
    await expect(get(openFetch(), url, upstreamAt(url))).rejects.toThrow(untrusted);
    for (const ca of [cert, pem]) {
      expect(await textOf(openFetch(), url, upstreamAt(url, { ca }))).toBe('trusted');
    }
    for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
      expect(await textOf(openFetch({ [name]: cert }), url, upstreamAt(url)), name).toBe('trusted');
    }
    expect(await textOf(openFetch({ SSL_CERT_DIR: folder }), url, upstreamAt(url))).toBe('trusted');
    const missing = upstreamAt(url, { ca: key });
    await expect(get(openFetch(), url, missing)).rejects.toThrow('no PEM certificate in "ca"');
  });
});

test('each address has 1.5 s, which is enough for far registries', async () => {
  const connect = vi.spyOn(net, 'connect');
  const port = await serving((__, response) => response.end('far'));
  const connections = openConnections({});
  open.push(() => connections.close());
  await connections.fetch(`http://localhost:${port}/`, {
    method: 'GET',
    headers: {},
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
    purpose: 'manifest',
    destinations: upstreamAt('http://localhost'),
  });
  expect(connect.mock.calls[0]?.[0]).toMatchObject({
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1500,
  });
});

describe('a proxy', () => {
  test('that is not there is named, without its password', async () => {
    const proxy = createServer();
    const port = await portOf(proxy);
    await new Promise((resolve) => proxy.close(resolve));
    const connections = openConnections({ HTTPS_PROXY: `user:pass@127.0.0.1:${port}` });
    open.push(() => connections.close());
    const asking = connections.fetch('https://registry.test/v2/', {
      method: 'GET',
      headers: {},
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
      purpose: 'manifest',
      destinations: upstreamAt('https://registry.test/v2/'),
    });
    await expect(asking).rejects.toThrow(
      `no connection through the proxy 127.0.0.1:${port} (ECONNREFUSED)`,
    );
  });

  test('gets plain http as it is, and https by CONNECT', async () => {
    const asked: string[] = [];
    const proxy = createServer(({ method, url, headers }, response) => {
      asked.push(`${method} ${url} ${headers.host} ${headers['proxy-authorization']}`);
      response.end('by the proxy');
    });
    proxy.on('connect', ({ url }, socket) => {
      asked.push(`CONNECT ${url}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const port = await portOf(proxy);
    const connections = openConnections({ HTTP_PROXY: `user:pass@127.0.0.1:${port}` });
    open.push(() => connections.close());
    const get = (url: string) =>
      connections.fetch(url, {
        method: 'GET',
        headers: { accept: 'a/b' },
        redirect: 'manual',
        signal: AbortSignal.timeout(10_000),
        purpose: 'manifest',
        destinations: upstreamAt(url),
      });
    const authorization = `Basic ${btoa('user:pass')}`;
    for (const path of ['/v2/', '/v2/a?b=c']) {
      expect(await (await get(`http://registry.test:5000${path}`)).text()).toBe('by the proxy');
    }
    await expect(get('https://registry.test/v2/')).rejects.toThrow(
      `the proxy 127.0.0.1:${port} refused the connection`,
    );
    expect(asked).toEqual([
      `GET http://registry.test:5000/v2/ registry.test:5000 ${authorization}`,
      `GET http://registry.test:5000/v2/a?b=c registry.test:5000 ${authorization}`,
      'CONNECT registry.test:443',
    ]);
  });
});
