import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { streamOf } from '../../../../functions/core/bytes/byte-reader.ts';
import { blobBody, watchStall } from '../../../../functions/core/upstream/blob-body.ts';
import { clientOf, digestFor, registryError, startScripted } from './scripted-server.ts';

describe('a stall watch', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  test('calls once, between 1 and 1.25 times the limit', () => {
    const stalled = vi.fn();
    const watch = watchStall(1000, stalled);
    watch.beginWait();
    vi.advanceTimersByTime(999);
    expect(stalled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(251);
    expect(stalled).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(10_000);
    expect(stalled).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not mind many short waits', () => {
    const stalled = vi.fn();
    const watch = watchStall(1000, stalled);
    for (let chunk = 0; chunk < 20; chunk++) {
      watch.beginWait();
      vi.advanceTimersByTime(900);
      watch.endWait();
    }
    watch.stop();
    expect([stalled.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('does not mind a slow consumer, and keeps no timer for it', () => {
    const stalled = vi.fn();
    const watch = watchStall(1000, stalled);
    watch.beginWait();
    watch.endWait();
    vi.advanceTimersByTime(60_000);
    expect([stalled.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
    watch.beginWait();
    vi.advanceTimersByTime(1250);
    expect(stalled).toHaveBeenCalledOnce();
  });
});

describe('the part of a body that was requested', () => {
  const read = async (
    chunks: readonly string[],
    options: { skip?: number; length?: number; cut?: boolean },
  ) => {
    const left = chunks.map((chunk) => new TextEncoder().encode(chunk));
    let isCancelled = false;
    const reader = blobBody(
      {
        read: async () => {
          const value = left.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
        cancel: async () => {
          isCancelled = true;
        },
      },
      { what: 'blob', skip: 0, length: undefined, cut: false, stallTimeout: 60_000, ...options },
    );
    const text = await new Response(streamOf(reader)).text().catch(String);
    return { text, isCancelled };
  };

  test.each([
    [['0123', '45'], { length: 6 }, '012345', false],
    [['0123', '45'], { length: 3, cut: true }, '012', true],
    [['0123', '45'], { skip: 3, length: 2, cut: true }, '34', true],
    [['0123', '45'], { skip: 5 }, '5', false],
    [['01', '', '23'], {}, '0123', false],
  ])('%j with %j is %s', async (chunks, options, text, isCancelled) => {
    expect(await read(chunks, options)).toEqual({ text, isCancelled });
  });

  test.each([
    ['longer than stated', ['0123', '45'], { length: 5 }, 'a longer body than stated'],
    ['longer by a chunk', ['0123', '45'], { length: 4 }, 'a longer body than stated'],
    ['shorter than stated', ['0123', '45'], { length: 7 }, 'the body ended early'],
    ['shorter than what is skipped', ['01'], { skip: 3 }, 'the body ended early'],
  ])('a body %s is an error, and no clean end', async (_, chunks, options, error) => {
    expect((await read(chunks, options)).text).toContain(error);
  });
});

test('once a slice is complete, its source is cancelled and not read again', async () => {
  const seen = { reads: 0, cancels: 0 };
  const reader = blobBody(
    {
      async read() {
        seen.reads += 1;
        if (seen.reads > 3) return { done: true, value: undefined };
        return { done: false, value: new Uint8Array(4) };
      },
      async cancel() {
        seen.cancels += 1;
      },
    },
    { what: 'blob', skip: 0, length: 3, cut: true, stallTimeout: 60_000 },
  );
  expect((await reader.read()).value).toHaveLength(3);
  expect((await reader.read()).done).toBe(true);
  expect(seen).toEqual({ reads: 1, cancels: 1 });
});

describe('connections', () => {
  afterEach(() => void vi.useRealTimers());

  test('a body that is cancelled ends the transfer', async () => {
    const content = Buffer.alloc(64 * 1024 * 1024);
    const server = createServer((_request, response) => response.end(content));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ended = new Promise((resolve) => {
      // A reset is how the transfer is meant to end here.
      server.once('connection', (socket) =>
        socket.on('error', () => undefined).on('close', resolve),
      );
    });
    const { port } = server.address() as AddressInfo;
    const { upstream, at } = clientOf(new URL(`http://127.0.0.1:${port}`));
    const opened = await upstream.openBlob(at('a/b'), digestFor('x'), { start: 0 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    const reader = opened.body;
    await reader.read();
    await reader.cancel();
    await ended;
    // The client may have opened another connection.
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test('refusals and redirects leave the connection for the next request', async () => {
    const sockets = new Set<unknown>();
    const body = registryError;
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      const isFirst = !request.url?.includes('next');
      if (isFirst) response.writeHead(307, { location: '/next', 'content-length': body.length });
      else response.writeHead(404, { 'content-length': body.length });
      response.flushHeaders();
      // The body comes after the headers were dealt with.
      setTimeout(() => response.end(body), 10);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { upstream, at } = clientOf(new URL(`http://127.0.0.1:${port}`));
    for (let round = 0; round < 5; round++) await upstream.listTags(at('a/b'));
    // Ten requests: fetch may open one more while it puts the first back.
    expect(sockets.size).toBeLessThan(4);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test('a blob may take longer than its headers may', async () => {
    let finish = () => {};
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 4 }).write('01');
      finish = () => response.end('23');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { upstream, at } = clientOf(url, { headersTimeout: 100 });
    const opened = await upstream.openBlob(at('a/b'), digestFor('x'), { start: 0 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    vi.advanceTimersByTime(300);
    vi.useRealTimers();
    finish();
    expect(await new Response(streamOf(opened.body)).text()).toBe('0123');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test('the rest of a blob whose slice was cut out is not transferred', async () => {
    await using server = await startScripted({
      path: `/v2/a/b/blobs/${digestFor('x')}`,
      answer: { body: Buffer.alloc(10_000_000, 'x'), broken: { after: 1000, by: 'stall' } },
    });
    const { upstream, at } = clientOf(server.url);
    const opened = await upstream.openBlob(at('a/b'), digestFor('x'), { start: 10, end: 19 });
    if (opened.kind !== 'found') throw new Error(opened.kind);
    expect(await new Response(streamOf(opened.body)).text()).toBe('xxxxxxxxxx');
  });
});
