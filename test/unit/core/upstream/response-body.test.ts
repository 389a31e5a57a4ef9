import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  contentLength,
  discard,
  readBody,
} from '../../../../functions/core/upstream/response-body.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const bounds = { what: 'docker.io: manifest', maxBytes: 10, timeout: 1000 };

/** A response that sends these chunks, and then ends, breaks off or says nothing more. */
function sending(
  chunks: readonly number[],
  then: 'ends' | 'breaks' | 'hangs' = 'ends',
  headers = {},
) {
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = chunks[seen.pulled++];
        if (size !== undefined) controller.enqueue(new Uint8Array(size));
        else if (then === 'ends') controller.close();
        else if (then === 'breaks') controller.error(new Error('gone'));
        else return new Promise(() => undefined);
        return undefined;
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(body, { headers }), seen };
}

test('a body of the largest size is read', async () => {
  expect(await readBody(sending([4, 6]).response, bounds)).toHaveLength(10);
  expect(await readBody(new Response(null), bounds)).toHaveLength(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('a byte more is an error, and cancels the rest', async () => {
  const { response, seen } = sending([4, 7, 1]);
  await expect(readBody(response, bounds)).rejects.toMatchObject({
    kind: 'invalid',
    message: 'docker.io: manifest: a body of more than 10 bytes',
  });
  expect(seen).toEqual({ pulled: 2, cancelled: true });
  expect(vi.getTimerCount()).toBe(0);
});

test('a body that breaks off is an error', async () => {
  const answerer = { role: 'registry', host: 'docker.io' } as const;
  const reading = readBody(sending([4], 'breaks').response, { ...bounds, answerer });
  await expect(reading).rejects.toMatchObject({ kind: 'unreachable', status: 200, answerer });
});

test('a body that takes too long is an error, and is cancelled', async () => {
  const { response, seen } = sending([4], 'hangs');
  const reading = readBody(response, bounds);
  const failure = expect(reading).rejects.toMatchObject({
    kind: 'timeout',
    message: 'docker.io: manifest: the body stalled (stallTimeout)',
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(seen.cancelled).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await failure;
  expect(seen.cancelled).toBe(true);
});

test('a short body that nobody wants is read to its end', async () => {
  const { response, seen } = sending([16_384], 'ends', { 'content-length': '16384' });
  await discard(response);
  expect(seen).toEqual({ pulled: 2, cancelled: false });
});

test('a longer one is cancelled', async () => {
  const { response, seen } = sending([1], 'ends', { 'content-length': '16385' });
  await discard(response);
  expect(seen).toEqual({ pulled: 0, cancelled: true });
});

test('dropping a body never fails', async () => {
  await discard(new Response(null));
  await discard(sending([4], 'breaks').response);
  const { response, seen } = sending([], 'hangs');
  const dropping = discard(response);
  await vi.advanceTimersByTimeAsync(500);
  await dropping;
  expect(seen.cancelled).toBe(true);
});

test.each([
  ['0', 0],
  ['123456789012345', 123_456_789_012_345],
  ['1234567890123456', undefined],
  ['-1', undefined],
  ['1, 1', undefined],
  ['', undefined],
])('Content-Length %s', (text, length) => {
  expect(contentLength(new Headers({ 'content-length': text }))).toBe(length);
  expect(contentLength(new Headers())).toBeUndefined();
});
