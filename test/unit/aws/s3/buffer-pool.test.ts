import { expect, test } from 'vitest';
import {
  BufferPool,
  bufferBytes,
  largestBuffer,
} from '../../../../functions/aws/s3/buffer-pool.ts';

const signal = new AbortController().signal;

/** Which of these promises are settled by now. */
async function settled(promises: readonly Promise<unknown>[]): Promise<boolean[]> {
  const is = promises.map(() => false);
  for (const [at, promise] of promises.entries()) {
    const settle = () => {
      is[at] = true;
    };
    promise.then(settle, settle);
  }
  await new Promise((resolve) => setImmediate(resolve));
  return is;
}

const take = (pool: BufferPool, count: number, bytes = bufferBytes) =>
  Array.from({ length: count }, () => pool.acquire(bytes, signal));

test('five buffers are in use at most; the next ones wait in their order', async () => {
  const pool = new BufferPool();
  const buffers = take(pool, 7);
  expect(await settled(buffers)).toEqual([true, true, true, true, true, false, false]);
  pool.release(await (buffers[3] as Promise<Uint8Array>));
  expect(await settled(buffers.slice(5))).toEqual([true, false]);
});

test('a released buffer is used again, of the usual size only', async () => {
  const pool = new BufferPool();
  const [kept, first] = await Promise.all(take(pool, 2));
  expect(kept?.byteLength).toBe(bufferBytes);
  if (first === undefined) throw new Error('no buffer');
  pool.release(first);
  expect(await pool.acquire(bufferBytes, signal)).toBe(first);
  const odd = await pool.acquire(1000, signal);
  expect(odd.byteLength).toBe(1000);
  pool.release(odd);
  expect((await pool.acquire(1000, signal)).byteLength).toBe(1000);
  expect((await pool.acquire(bufferBytes, signal)).byteLength).toBe(bufferBytes);
});

test('an idle pool holds no memory', async () => {
  const pool = new BufferPool();
  const first = await pool.acquire(bufferBytes, signal);
  pool.release(first);
  // Not toBe: it would compare the two byte by byte for its message.
  expect((await pool.acquire(bufferBytes, signal)) === first).toBe(false);
});

test('one buffer may be larger than all others together, if it is alone', async () => {
  const pool = new BufferPool();
  const small = await pool.acquire(bufferBytes, signal);
  const large = pool.acquire(largestBuffer, signal);
  const next = pool.acquire(bufferBytes, signal);
  expect(await settled([large, next])).toEqual([false, false]);
  pool.release(small);
  expect(await settled([large, next])).toEqual([true, false]);
  pool.release(await large);
  expect(await settled([next])).toEqual([true]);
});

test('a waiter that is aborted makes place for the next', async () => {
  const pool = new BufferPool();
  const [first] = await Promise.all(take(pool, 4));
  const abort = new AbortController();
  const large = pool.acquire(2 * bufferBytes, abort.signal);
  const small = pool.acquire(bufferBytes, signal);
  expect(await settled([large, small])).toEqual([false, false]);
  abort.abort(new Error('stopped'));
  await expect(large).rejects.toThrow('stopped');
  expect(await settled([small])).toEqual([true]);
  const last = pool.acquire(bufferBytes, signal);
  pool.release(first as Uint8Array);
  expect(await settled([last])).toEqual([true]);
});

test('an abort afterwards changes nothing, one before rejects', async () => {
  const pool = new BufferPool();
  const abort = new AbortController();
  const buffers = [pool.acquire(bufferBytes, abort.signal), ...take(pool, 5)];
  await buffers[0];
  abort.abort(new Error('stopped'));
  expect(await settled(buffers)).toEqual([true, true, true, true, true, false]);
  await expect(pool.acquire(1, abort.signal)).rejects.toThrow('stopped');
});
