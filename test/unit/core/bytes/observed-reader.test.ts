import { expect, test } from 'vitest';
import { type ByteReader, noMoreBytes } from '../../../../functions/core/bytes/byte-reader.ts';
import { type Arrival, observedReader } from '../../../../functions/core/bytes/observed-reader.ts';

/** A reader of chunks of these sizes; each read takes 5 ms of a clock that may run backwards. */
function scene(
  sizes: readonly number[],
  { error, tick = 5 }: { error?: Error; tick?: number } = {},
) {
  let now = 1000;
  const left = [...sizes];
  const cancelled: unknown[] = [];
  const inner: ByteReader = {
    async read() {
      now += tick;
      const size = left.shift();
      if (size !== undefined) return { done: false, value: new Uint8Array(size) };
      if (error !== undefined) throw error;
      return noMoreBytes;
    },
    cancel: async (reason) => void cancelled.push(reason),
  };
  const arrivals: Arrival[] = [];
  const reader = observedReader(
    inner,
    () => now,
    (arrival) => arrivals.push(arrival),
  );
  return { reader, arrivals, cancelled };
}

test('a body that ends is reported once, with its bytes and the time that they took', async () => {
  const { reader, arrivals } = scene([3, 4]);
  for (const size of [3, 4]) expect((await reader.read()).value).toHaveLength(size);
  expect(arrivals).toEqual([]);
  expect(await reader.read()).toEqual(noMoreBytes);
  await reader.read();
  await reader.cancel('late');
  expect(arrivals).toEqual([{ bytes: 7, milliseconds: 15, error: undefined }]);
});

test('a body that breaks off is reported with its error', async () => {
  const error = new Error('gone');
  const { reader, arrivals } = scene([3], { error });
  await reader.read();
  await expect(reader.read()).rejects.toBe(error);
  expect(arrivals).toEqual([{ bytes: 3, milliseconds: 5, error }]);
});

test('a body that is cancelled is reported without an error', async () => {
  const { reader, arrivals, cancelled } = scene([3, 4]);
  await reader.read();
  await reader.cancel('enough');
  expect(cancelled).toEqual(['enough']);
  expect(arrivals).toEqual([{ bytes: 3, milliseconds: 5, error: undefined }]);
});

test('a clock that is set back takes no time', async () => {
  const { reader, arrivals } = scene([3], { tick: -5 });
  await reader.read();
  await reader.read();
  expect(arrivals).toMatchObject([{ milliseconds: 0 }]);
});
