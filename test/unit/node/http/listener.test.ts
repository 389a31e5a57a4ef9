import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Answering, answering, answerOf, received, sent } from './answering.ts';

let server: Answering | undefined;

afterEach(async () => {
  await server?.close(0);
  server = undefined;
});

const get = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n';

async function serving(body: () => string | ReadableStream<Uint8Array> = () => 'ok') {
  server = await answering(() => answerOf(body()));
  return { server, port: server.address.port };
}

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', '400 Bad Request'],
  ['a bad header', 'GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n', '400 Bad Request'],
  ['a header of 100 kB', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(1e5)}\r\n\r\n`, '431 '],
])('%s is refused and breaks nothing', async (_, text, status) => {
  const { server, port } = await serving();
  expect(await received(await sent(port, text))).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  expect(server.requests).toEqual([]);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok');
});

test('a refused client that stays loses its connection', async () => {
  const { port } = await serving();
  const sockets = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('hello\r\n\r\n');
  socket.resume();
  await once(socket, 'end');
  const bothEnds = sockets();
  // The client keeps its own.
  await expect.poll(sockets, { timeout: 10_000 }).toBe(bothEnds - 1);
  socket.destroy();
});

test('what is no HTTP is not answered into the body of another answer', async () => {
  const { port } = await serving(
    () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
      }),
  );
  const socket = await sent(port, get);
  const text = received(socket);
  await once(socket, 'data');
  socket.write('\0garbage\r\n\r\n');
  expect(await text).toMatch(/first\r\n$/);
});

/** A body that never ends, and resolves `cancelled` when it is cancelled. */
function endless() {
  let body = new ReadableStream<Uint8Array>();
  const cancelled = new Promise((resolve) => {
    body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: resolve,
    });
  });
  return { body, cancelled };
}

test('a pipelined request begins when the answer before it has been sent', async () => {
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  const { server, port } = await serving(
    () => new ReadableStream<Uint8Array>({ start: (controller) => void bodies.push(controller) }),
  );
  const socket = await sent(port, get.repeat(3));
  const text = received(socket);
  for (let count = 1; count <= 3; count++) {
    await server.came(count);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.requests).toHaveLength(count);
    bodies[count - 1]?.enqueue(new TextEncoder().encode(`answer ${count}`));
    bodies[count - 1]?.close();
  }
  await Promise.all(server.written);
  socket.end();
  expect((await text).match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3']);
});

test('requests that wait behind an answer end with their connection', async () => {
  const { body, cancelled } = endless();
  const { server, port } = await serving(() => body);
  const socket = await sent(port, get.repeat(3));
  await server.came(1);
  socket.destroy();
  await cancelled;
  expect(await server.written[0]).toMatchObject({ end: 'left' });
  expect(server.requests).toHaveLength(1);
});

test('a connection ends after the hundred requests that may wait', async () => {
  const { server, port } = await serving();
  const text = await received(await sent(port, get.repeat(1000)));
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(101);
  expect(text).toMatch(/Connection: close\r\n(?![\s\S]*HTTP)/);
  expect(server.requests).toHaveLength(101);
});

test('a connection with many requests takes turns with the others', async () => {
  const { server, port } = await serving();
  const flood = await sent(port, get.repeat(100));
  flood.resume();
  await server.came(1);
  expect(await received(await sent(port, 'GET /other HTTP/1.0\r\n\r\n'))).toContain('ok');
  expect(server.requests.indexOf('GET /other')).toBeLessThan(60);
  flood.destroy();
});

test('a client that resets its connection breaks nothing', async () => {
  const { port } = await serving();
  const socket = await sent(port, 'GET / HT');
  socket.resetAndDestroy();
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok');
});

test('an upload is answered without its body, and the connection ends', async () => {
  const { server, port } = await serving();
  const head = 'POST /v2/x/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n';
  const text = await received(await sent(port, head));
  expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(text).toMatch(/^Connection: close\r$/m);
  expect(server.requests).toEqual(['POST /v2/x/blobs/uploads/']);
});

test('nobody is asked to go on with an upload', async () => {
  const { port } = await serving();
  const head =
    'PUT /v2/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n';
  expect(await received(await sent(port, head))).toMatch(/^HTTP\/1\.1 200 OK/);
});

test('closing waits for the answers under way', async () => {
  let finish: () => void = () => undefined;
  const body = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('first '));
        finish = () => {
          controller.enqueue(new TextEncoder().encode('last'));
          controller.close();
        };
      },
    });
  const { server, port } = await serving(body);
  const socket = await sent(port, get);
  const idle = await sent(port, '');
  await once(socket, 'data');
  const text = received(socket);
  const closed = server.close(60_000);
  await once(idle, 'close');
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  finish();
  expect(await text).toContain('last');
  await closed;
});

test('closing cuts what takes too long', async () => {
  const { server, port } = await serving(() => new ReadableStream<Uint8Array>({}));
  const socket = await sent(port, get);
  await server.came(1);
  const text = received(socket);
  await server.close(50);
  await text;
  expect(await server.written[0]).toMatchObject({ end: 'left' });
});

test('a connection that is kept open ends with the answer while closing', async () => {
  let finish: () => void = () => undefined;
  const body = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        finish = () => controller.close();
      },
    });
  const { server, port } = await serving(body);
  const socket = await sent(port, get);
  await server.came(1);
  const closed = server.close(60_000);
  finish();
  await received(socket);
  await closed;
});
