import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Destinations } from '../../../functions/core/upstream/destinations.ts';
import { FetchError } from '../../../functions/core/upstream/fetch-error.ts';
import { openConnections, type UpstreamConnections } from '../../../functions/node/http-client.ts';

const open: (() => unknown)[] = [];

const destinations = new Destinations({ url: new URL('http://127.0.0.1/') });

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serving(handler: RequestListener): Promise<string> {
  const server: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

function connections(environment: Record<string, string> = {}): UpstreamConnections {
  const opened = openConnections(environment);
  open.push(() => opened.close());
  return opened;
}

interface Changes {
  readonly method?: 'GET' | 'HEAD';
  readonly signal?: AbortSignal;
  readonly purpose?: 'manifest' | 'blob';
}

const init = (changes: Changes = {}) => ({
  method: 'GET' as const,
  headers: { accept: 'a/b' },
  redirect: 'manual' as const,
  signal: new AbortController().signal,
  purpose: 'manifest' as const,
  destinations,
  ...changes,
});

test('status, headers and body as they come', async () => {
  const url = await serving((request, response) => {
    response.writeHead(418, { 'x-two': ['a', 'b'], 'x-accept': request.headers.accept ?? '' });
    response.end('body');
  });
  const response = await connections().fetch(url, init());
  expect(response.status).toBe(418);
  expect(response.headers.get('x-two')).toBe('a, b');
  expect(response.headers.get('x-accept')).toBe('a/b');
  expect(await response.text()).toBe('body');
});

test('a redirect is not followed, and a body is not decoded', async () => {
  const url = await serving((_, response) => {
    response.writeHead(307, { location: '/other', 'content-encoding': 'gzip' });
    response.end('not gzip');
  });
  const response = await connections().fetch(url, init());
  expect([response.status, response.headers.get('location')]).toEqual([307, '/other']);
  expect(await response.text()).toBe('not gzip');
});

test.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
] as const)('%s with %i has no body', async (method, status) => {
  const url = await serving((_, response) => response.writeHead(status).end());
  const response = await connections().fetch(url, init({ method }));
  expect([response.status, response.body]).toEqual([status, null]);
});

test('a body comes at its pace', async () => {
  let sent = 0;
  const url = await serving((_, response) => {
    const chunk = Buffer.alloc(1 << 20);
    const more = () => {
      while (sent < 200) {
        sent += 1;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const response = await connections().fetch(url, init());
  const reader = response.body?.getReader();
  await reader?.read();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(sent).toBeLessThan(50);
  let bytes = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    bytes += value.byteLength;
  }
  expect(sent).toBe(200);
  expect(bytes).toBeGreaterThan(199 * (1 << 20));
});

test('a cut body fails', async () => {
  const url = await serving((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('part');
    setImmediate(() => response.destroy());
  });
  const response = await connections().fetch(url, init());
  await expect(response.text()).rejects.toThrow(FetchError);
});

test('a cancelled body ends its connection', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serving((request, response) => {
    closed = once(request.socket, 'close');
    response.write('part');
  });
  const response = await connections().fetch(url, init());
  await response.body?.cancel();
  await closed;
});

test('a signal ends the wait for headers, and the connection', async () => {
  const controller = new AbortController();
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serving((request) => {
    closed = once(request.socket, 'close');
    controller.abort(new Error('too late'));
  });
  const fetched = connections().fetch(url, init({ signal: controller.signal }));
  await expect(fetched).rejects.toThrow('too late');
  // Else the next request would wait for it, or for another connection.
  await closed;
});

test('a header in UTF-8 arrives as its bytes, and breaks nothing', async () => {
  const url = await serving((request) => {
    const text = 'HTTP/1.1 200 OK\r\nx-odd: \u4e16\r\nx-good: 1\r\nContent-Length: 2\r\n\r\nok';
    request.socket.end(Buffer.from(text, 'utf8'));
  });
  const response = await connections().fetch(url, init());
  const odd = response.headers.get('x-odd') ?? '';
  expect(Buffer.from(odd, 'latin1').toString()).toBe('\u4e16');
  expect(response.headers.get('x-good')).toBe('1');
  expect(await response.text()).toBe('ok');
});

test('headers of 200 kB arrive', async () => {
  const url = await serving((_, response) => {
    for (let i = 0; i < 20; i++) response.setHeader(`x-policy-${i}`, 'p'.repeat(10_000));
    response.end('ok');
  });
  const response = await connections().fetch(url, init());
  expect(response.headers.get('x-policy-19')).toHaveLength(10_000);
  expect(await response.text()).toBe('ok');
});

test('a proxy of the environment is asked for a tunnel, except where it is not wanted', async () => {
  const tunnels: (string | undefined)[] = [];
  const proxy = createServer().listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  open.push(() => proxy.close());
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const address = proxy.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const direct = await serving((_, response) => response.end('direct'));
  const environment = { https_proxy: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1' };
  const { fetch } = connections(environment);
  await expect(fetch('https://registry.invalid/v2/', init())).rejects.toThrow();
  expect(tunnels).toEqual(['registry.invalid:443']);
  expect(await (await fetch(direct, init())).text()).toBe('direct');
});

test('an aborted request ends also while it waits for a connection', async () => {
  const url = await serving((_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('x');
  });
  const { fetch } = connections();
  const taken = await Promise.all(Array.from({ length: 64 }, () => fetch(url, init())));
  const controller = new AbortController();
  const waiting = fetch(url, init({ signal: controller.signal }));
  controller.abort(new Error('too late'));
  await expect(waiting).rejects.toThrow('too late');
  for (const response of taken) await response.body?.cancel();
});

test.each([
  ['before', (abort: () => void) => abort()],
  ['in the same turn as', (abort: () => void) => queueMicrotask(abort)],
  ['right after', (abort: () => void) => process.nextTick(abort)],
])('a request that is aborted %s its headers arrive keeps no connection', async (_, schedule) => {
  const url = await serving((request, response) => {
    if (request.url === '/') response.end('fine');
    else response.writeHead(200, { 'content-length': 1000 }).write('x');
  });
  const { fetch } = connections();
  let controller = new AbortController();
  const onHeaders = () => schedule(() => controller.abort(new Error('too late')));
  subscribe('undici:request:headers', onHeaders);
  for (let at = 0; at < 64; at++) {
    controller = new AbortController();
    const fetched = fetch(`${url}slow`, init({ signal: controller.signal }));
    await expect(fetched.then((response) => response.text())).rejects.toThrow();
  }
  unsubscribe('undici:request:headers', onHeaders);
  expect(await (await fetch(url, init())).text()).toBe('fine');
});

test('a manifest does not wait for the connections of blobs', async () => {
  const url = await serving((request, response) => {
    if (request.url === '/blob') response.writeHead(200, { 'content-length': 1000 }).write('x');
    else response.end('manifest');
  });
  const { fetch } = connections();
  const blobs = await Promise.all(
    Array.from({ length: 512 }, () => fetch(`${url}blob`, init({ purpose: 'blob' }))),
  );
  expect(await (await fetch(url, init())).text()).toBe('manifest');
  for (const response of blobs) await response.body?.cancel();
});

test('a number that is no status does not keep a connection', async () => {
  const url = await serving((request, response) => {
    if (request.url === '/') response.end('fine');
    else response.writeHead(999, { 'content-length': 1000 }).write('x');
  });
  const { fetch } = connections();
  for (let at = 0; at < 64; at++) await expect(fetch(`${url}bad`, init())).rejects.toThrow();
  expect(await (await fetch(url, init())).text()).toBe('fine');
});

test('nobody listening is told with the code of the error', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  const failure = await connections()
    .fetch(`http://127.0.0.1:${address.port}/`, init())
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FetchError);
  expect(failure).toMatchObject({ kind: 'unreachable', message: 'no connection (ECONNREFUSED)' });
});

test('an answer that is not HTTP is taken for a limit, and its headers are not kept', async () => {
  const server = createTcpServer((socket) => {
    socket.end('HTTP/1.1 429 Too Many Requests\nretry-after: 60\n\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const failure = await connections()
    .fetch(`http://127.0.0.1:${address.port}/`, init())
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: 'limited' });
  expect(failure).not.toHaveProperty('cause');
});

test('a body that breaks off is told with the code of the error', async () => {
  const url = await serving((_, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => response.destroy());
  });
  const response = await connections().fetch(url, init());
  const failure = await response.text().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FetchError);
  expect(failure).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/^the body broke off \([A-Z_]+\)$/),
  });
});

test('a body that an answer must not have is read, so that its connection is used again', async () => {
  let opened = 0;
  const server = createServer((_, response) => {
    response.writeHead(205, { 'content-length': '100000' }).end(Buffer.alloc(100_000));
  });
  server.on('connection', () => {
    opened += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const { port } = server.address() as AddressInfo;
  const { fetch } = connections();
  for (let times = 0; times < 8; times++) {
    const response = await fetch(`http://127.0.0.1:${port}/`, init());
    expect([response.status, response.body]).toEqual([205, null]);
  }
  // The next request may come before the connection of the last one is free.
  expect(opened).toBeLessThan(8);
});
