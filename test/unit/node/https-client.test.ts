import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Destinations } from '../../../functions/core/upstream/destinations.ts';
import { openHttpsFetch } from '../../../functions/node/https-client.ts';

const open: (() => unknown)[] = [];
let connected = 0;

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serving(handler: RequestListener): Promise<string> {
  connected = 0;
  const server = createServer(handler).listen(0, '127.0.0.1');
  server.on('connection', () => {
    connected += 1;
  });
  await once(server, 'listening');
  open.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const destinations = new Destinations({ url: new URL('http://127.0.0.1/') });
const init = (more: object = {}) => ({
  method: 'GET' as const,
  headers: { accept: 'a/b' },
  redirect: 'manual' as const,
  signal: new AbortController().signal,
  purpose: 'manifest' as const,
  destinations,
  ...more,
});

test('status, headers and body as they come, over one connection', async () => {
  const fetch = openHttpsFetch({});
  const url = await serving((request, response) => {
    response.writeHead(418, { 'x-two': ['a', 'b'], 'x-accept': request.headers.accept ?? '' });
    response.end(request.method);
  });
  for (let round = 0; round < 3; round++) {
    const response = await fetch(url, init());
    const { status, headers } = response;
    expect([status, headers.get('x-two'), headers.get('x-accept')]).toEqual([418, 'a, b', 'a/b']);
    expect(await response.text()).toBe('GET');
    // The connection is free in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(connected).toBe(1);
});

test.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 205],
  ['GET', 304],
] as const)('%s with %i has no body', async (method, status) => {
  const url = await serving((_, response) => response.writeHead(status).end());
  const response = await openHttpsFetch({})(url, init({ method }));
  expect([response.status, response.body]).toEqual([status, null]);
});

test.each([200, 307, 404])('GET with %i has a body', async (status) => {
  const url = await serving((_, response) => response.writeHead(status).end('text'));
  expect(await (await openHttpsFetch({})(url, init())).text()).toBe('text');
});

test('a signal ends the wait for headers with its reason, and the connection', async () => {
  const controller = new AbortController();
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serving((request) => {
    closed = once(request.socket, 'close');
    controller.abort();
  });
  const fetched = openHttpsFetch({})(url, init({ signal: controller.signal }));
  await expect(fetched).rejects.toThrow(/abort/i);
  await closed;
});

test('a connection that ends without an answer is a failure with its code', async () => {
  const url = await serving((request) => request.socket.destroy());
  await expect(openHttpsFetch({})(url, init())).rejects.toMatchObject({
    kind: 'unreachable',
    message: 'no connection (ECONNRESET)',
  });
});

test('a number that is no status ends its connection', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serving((request, response) => {
    closed = once(request.socket, 'close');
    response.writeHead(999, { 'content-length': 1000 }).write('x');
  });
  await expect(openHttpsFetch({})(url, init())).rejects.toThrow(RangeError);
  await closed;
});

test('a URL with an address that must not be contacted is refused', async () => {
  const strangers = new Destinations({ url: new URL('https://registry.example/') });
  const fetched = openHttpsFetch({})('http://10.0.0.1/', init({ destinations: strangers }));
  await expect(fetched).rejects.toMatchObject({ kind: 'invalid' });
});
