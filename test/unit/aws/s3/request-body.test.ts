import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { requestBody } from '../../../../functions/aws/s3/request-body.ts';

const mebibyte = 1024 * 1024;

/** A request that takes its writes one by one. */
function requestOf({ isStuck = false, failsAt = Number.POSITIVE_INFINITY } = {}) {
  const sizes: number[] = [];
  const request = new Writable({
    highWaterMark: 1,
    write(chunk: Uint8Array, _, done) {
      sizes.push(chunk.byteLength);
      if (isStuck) return;
      setImmediate(() => done(sizes.length === failsAt ? new Error('reset') : null));
    },
  });
  request.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    request.once('finish', resolve);
  });
  return { request, sizes, ended };
}

async function* chunks(...sizes: (number | Error)[]) {
  for (const size of sizes) {
    if (size instanceof Error) throw size;
    yield new Uint8Array(size);
  }
}

test('bytes are written a mebibyte at a time, and the request ends after them', async () => {
  const { request, sizes, ended } = requestOf();
  requestBody(chunks(2 * mebibyte + 1, 0, mebibyte)).stream.pipe(request);
  await ended;
  expect(sizes).toEqual([mebibyte, mebibyte, 1, mebibyte]);
});

test('the next bytes are requested only when those before were sent', async () => {
  const { request, sizes, ended } = requestOf();
  const written: number[] = [];
  async function* watched() {
    for (const size of [1, 2, 3]) {
      written.push(sizes.length);
      yield new Uint8Array(size);
    }
  }
  requestBody(watched()).stream.pipe(request);
  await ended;
  expect(written).toEqual([0, 1, 2]);
});

test('bytes that fail abort with their error, and the request does not end', async () => {
  const { request } = requestOf();
  const body = requestBody(chunks(5, new Error('wrong bytes')));
  body.stream.pipe(request);
  await new Promise((resolve) => body.ended.addEventListener('abort', resolve));
  expect(body.ended.reason).toMatchObject({ message: 'wrong bytes' });
  expect(request.writableEnded).toBe(false);
});

test('a request that fails stops the bytes and is not ended', async () => {
  const { request, sizes } = requestOf({ failsAt: 1 });
  let isReturned = false;
  async function* watched() {
    try {
      for (;;) yield new Uint8Array(1);
    } finally {
      isReturned = true;
    }
  }
  const body = requestBody(watched());
  body.stream.pipe(request);
  await new Promise((resolve) => request.once('close', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect([isReturned, sizes, body.ended.aborted]).toEqual([true, [1], false]);
});

test('a destroyed request stops the bytes even if no write ever ends', async () => {
  const { request } = requestOf({ isStuck: true });
  let isReturned = false;
  async function* watched() {
    try {
      yield new Uint8Array(1);
      yield new Uint8Array(1);
    } finally {
      isReturned = true;
    }
  }
  requestBody(watched()).stream.pipe(request);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isReturned).toBe(false);
  request.destroy();
  await new Promise((resolve) => request.once('close', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isReturned).toBe(true);
});

test('a body can only be piped', async () => {
  const body = requestBody(chunks(1));
  body.stream.read();
  await new Promise((resolve) => body.ended.addEventListener('abort', resolve));
  expect(body.ended.reason).toMatchObject({ message: 'this body can only be piped' });
});

test('the end of the answer destroys the body', () => {
  const body = requestBody(chunks(1));
  body.end();
  expect([body.stream.destroyed, body.ended.aborted]).toEqual([true, true]);
});
