import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Connections, openConnections } from '../../../../functions/aws/sdk/connections.ts';
import { NameLookup } from '../../../../functions/node/upstream/name-lookup.ts';

let server: Server;
let connections: Connections;
let accepted: Socket[];

beforeEach(async () => {
  accepted = [];
  server = createServer((_, response) => response.end('fine'));
  server.on('connection', (socket) => accepted.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  connections = openConnections();
});

afterEach(() => {
  connections.close();
  server.closeAllConnections();
  server.close();
});

function address(): URL {
  const { port } = server.address() as AddressInfo;
  return new URL(`http://127.0.0.1:${port}`);
}

async function ask(): Promise<number> {
  const sent = request(address(), { agent: connections.httpAgent }).end();
  const [response] = await once(sent, 'response');
  await once(response.resume(), 'end');
  return response.statusCode;
}

test('the first request takes the connection that was opened ahead, and others keep it', async () => {
  const arrived = once(server, 'connection');
  connections.openAhead(address());
  await arrived;
  expect(await ask()).toBe(200);
  expect(await ask()).toBe(200);
  expect(accepted).toHaveLength(1);
});

test('a second request at the same time opens its own', async () => {
  connections.openAhead(address());
  expect(await Promise.all([ask(), ask()])).toEqual([200, 200]);
  expect(accepted).toHaveLength(2);
});

test.each([
  ['the other side closed', async () => closeAhead((socket) => socket.destroy())],
  ['was dropped as idle', async () => closeAhead(() => connections.dropIdle())],
])('a connection that %s is not used', async (_, close) => {
  await close();
  expect(await ask()).toBe(200);
  expect(accepted).toHaveLength(2);
});

async function closeAhead(close: (socket: Socket) => void): Promise<void> {
  const arrived = once(server, 'connection');
  connections.openAhead(address());
  const [socket] = await arrived;
  const closed = once(socket, 'close');
  close(socket);
  await closed;
  // Our side has heard of it when a whole exchange of another connection is over.
  const others = openConnections();
  await once(request(address(), { agent: others.httpAgent }).end(), 'response');
  others.close();
  accepted.splice(1);
}

test('a connection that cannot be opened ahead harms nobody', async () => {
  const nowhere = new URL('http://127.0.0.1:1');
  const other = openConnections();
  other.openAhead(nowhere);
  const [error] = await once(request(nowhere, { agent: other.httpAgent }).end(), 'error');
  expect(error.code).toBe('ECONNREFUSED');
  other.openAhead(nowhere);
  await ask();
  other.close();
});

test('an endpoint is reached while the names of upstreams hang', async () => {
  const system = vi
    .spyOn(dns, 'lookup')
    .mockImplementation((() => undefined) as unknown as typeof dns.lookup);
  const names = new NameLookup();
  for (const name of ['silent-1.example', 'silent-2.example']) void names.resolve(name);
  const url = new URL(`http://localhost:${address().port}`);
  const [response] = await once(request(url, { agent: connections.httpAgent }).end(), 'response');
  response.resume();
  expect(response.statusCode).toBe(200);
  system.mockRestore();
});
