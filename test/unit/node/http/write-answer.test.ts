import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { Answer } from '../../../../functions/core/registry/answer.ts';
import { listen } from '../../../../functions/node/http/listener.ts';
import { writeAnswer } from '../../../../functions/node/http/write-answer.ts';
import { type Answering, answering, answerOf, received, sent } from './answering.ts';

let server: Answering | undefined;

afterEach(async () => {
  await server?.close(0);
  server = undefined;
});

async function serving(answer: (method: string) => Answer, patience?: number) {
  server = await answering(answer, patience);
  return { server, url: `http://127.0.0.1:${server.address.port}/`, port: server.address.port };
}

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const chunkBytes = 256 * 1024;

/** A stream of so many chunks that tells how many were taken, and whether it was cancelled. */
function counted(chunks: number, fail?: Error) {
  const seen = { pulled: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.pulled < chunks) {
          seen.pulled += 1;
          controller.enqueue(new Uint8Array(chunkBytes).fill(seen.pulled));
        } else if (fail === undefined) controller.close();
        else controller.error(fail);
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { seen, stream };
}

test('bytes and texts, with their length and without chunked encoding', async () => {
  const bodies = [new TextEncoder().encode('Grüße'), 'Grüße'];
  for (const body of bodies) {
    const { url, server } = await serving(() => answerOf(body, { 'content-length': '7' }));
    const response = await fetch(url);
    expect(response.headers.get('content-length')).toBe('7');
    expect(response.headers.get('transfer-encoding')).toBeNull();
    expect(await response.text()).toBe('Grüße');
    expect(await server.written[0]).toEqual({ bytes: 7, end: 'complete' });
    await server.close(0);
  }
});

test.each([
  [64 * 1024, 'string'],
  [64 * 1024 + 1, 'object'],
])('%i bytes go with the headers as text, or else as they are: %s', async (length, type) => {
  const sentBodies: unknown[] = [];
  const response = {
    writeHead: () => undefined,
    end: (body: unknown) => sentBodies.push(body),
    socket: null,
  };
  const body = new Uint8Array(length).fill(200);
  const written = await writeAnswer(answerOf(body), 'GET', response as never);
  expect(written).toEqual({ bytes: length, end: 'complete' });
  const [given] = sentBodies;
  expect(typeof given).toBe(type);
  expect(Buffer.from(given as string, 'latin1').equals(body)).toBe(true);
});

test('a stream, byte for byte', async () => {
  const length = String(3 * chunkBytes);
  const { url, server } = await serving(() =>
    answerOf(counted(3).stream, { 'content-length': length }),
  );
  const response = await fetch(url);
  expect(response.headers.get('transfer-encoding')).toBeNull();
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([3 * chunkBytes, 1, 3]);
  expect(await server.written[0]).toEqual({ bytes: 3 * chunkBytes, end: 'complete' });
});

test('HEAD has the headers, no body, and cancels a stream', async () => {
  const { seen, stream } = counted(3);
  const { url, server } = await serving(() => answerOf(stream, { 'content-length': '786432' }));
  const response = await fetch(url, { method: 'HEAD' });
  expect(response.headers.get('content-length')).toBe('786432');
  expect(await server.written[0]).toEqual({ bytes: 0, end: 'complete' });
  expect(seen).toEqual({ pulled: 0, cancelled: true });
});

test('several answers on one connection', async () => {
  const { port } = await serving((method) =>
    answerOf(method === 'GET' ? counted(1).stream : 'x', { 'content-length': String(chunkBytes) }),
  );
  const last = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const text = await received(await sent(port, get + get.replace('GET', 'HEAD') + last));
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});

test('a slow client slows its stream, and nothing piles up', async () => {
  const { seen, stream } = counted(1000);
  const { port, server } = await serving(() => answerOf(stream));
  const socket = await sent(port, get);
  socket.pause();
  await server.came(1);
  // The stream stands still when both sides' buffers are full.
  let before = -1;
  while (before !== seen.pulled) {
    before = seen.pulled;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(seen.pulled).toBeGreaterThan(0);
  expect(seen.pulled).toBeLessThan(100);
  socket.destroy();
  const written = await server.written[0];
  expect(written?.end).toBe('left');
  expect(written?.bytes).toBeLessThan(seen.pulled * chunkBytes);
});

test('a client that takes nothing of a stream is cut off', async () => {
  const { seen, stream } = counted(1000);
  const { port, server } = await serving(() => answerOf(stream), 300);
  const socket = await sent(port, get);
  socket.pause();
  await server.came(1);
  expect(await server.written[0]).toMatchObject({ end: 'left' });
  expect(seen.cancelled).toBe(true);
  socket.destroy();
});

test('a client that takes nothing of a large text is cut off', async () => {
  const length = 100 * chunkBytes;
  const { port, server } = await serving(() => answerOf('x'.repeat(length)), 300);
  const socket = await sent(port, get);
  socket.pause();
  await server.came(1);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await received(socket.resume())).length).toBeLessThan(length);
});

test('a client that reads slowly, or waits for an upstream, is not cut off', async () => {
  let at = 0;
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      at += 1;
      if (at > 2) controller.close();
      else controller.enqueue(new Uint8Array(10));
    },
  });
  const bodies = [slow, counted(8000).stream];
  const { url, port, server } = await serving(() => answerOf(bodies.shift()), 300);
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(20);
  const socket = await sent(port, get);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.byteLength;
  });
  for (let round = 0; round < 15; round++) {
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = bytes;
    socket.resume();
    while (bytes === before) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(socket.destroyed).toBe(false);
  socket.destroy();
  expect(await server.written[1]).toMatchObject({ end: 'left' });
  expect(bytes).toBeGreaterThan(0);
});

test('a client that leaves cancels its own stream and no other', async () => {
  const streams = [counted(1000), counted(20)];
  let next = 0;
  const { port, url, server } = await serving(() => answerOf(streams[next++]?.stream));
  const socket = await sent(port, get);
  await once(socket, 'data');
  const other = fetch(url);
  await server.came(2);
  socket.destroy();
  expect(await server.written[0]).toMatchObject({ end: 'left' });
  expect(streams[0]?.seen.cancelled).toBe(true);
  expect((await (await other).arrayBuffer()).byteLength).toBe(20 * chunkBytes);
  expect(streams[1]?.seen.cancelled).toBe(false);
});

test('a stream that fails never looks like a clean end', async () => {
  const error = new Error('the digest differs');
  const headers: Record<string, string>[] = [{}, { 'content-length': String(3 * chunkBytes) }];
  for (const known of headers) {
    const { url, server } = await serving(() => answerOf(counted(2, error).stream, known));
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect(await server.written[0]).toMatchObject({ end: 'broken', error });
    await server.close(0);
  }
});

test('a stream that fails at once cuts the connection too', async () => {
  const { port, server } = await serving(() =>
    answerOf(counted(0, new Error('x')).stream, { 'content-length': '5' }),
  );
  expect(await received(await sent(port, get))).not.toMatch(/\r\n\r\n./);
  expect(await server.written[0]).toMatchObject({ end: 'broken', bytes: 0 });
});

test('the bound of one answer does not cut the one behind it', async () => {
  let requests = 0;
  const config = { listen: { host: '127.0.0.1', port: 0 }, tls: undefined };
  const listener = await listen(config, async (_, response) => {
    requests += 1;
    // The first answer is looked at each 100 ms; the second begins later.
    if (requests === 2) await new Promise((resolve) => setTimeout(resolve, 500));
    await writeAnswer(answerOf(new Uint8Array(1_000_000)), 'GET', response, 1000);
  });
  const last = get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const text = await received(await sent(listener.address.port, get + last));
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  await listener.close(0);
});
