import { expect, test } from 'vitest';
import { FileSlice } from '../../../../functions/local/files/slice.ts';
import { GrowingExtent, wholeExtent } from '../../../../functions/memory/extent.ts';

/** A file of ten bytes that counts its uses; a read can be held. */
function scene() {
  const seen = { released: 0, reads: [] as number[][] };
  let hold: Promise<void> | undefined;
  const file = {
    async readInto(_: Uint8Array, length: number, position: number) {
      seen.reads.push([position, length]);
      await hold;
      return Math.min(length, 10 - position);
    },
    release() {
      seen.released += 1;
    },
  };
  const holdReads = () => {
    let end: () => void = () => undefined;
    hold = new Promise((resolve) => {
      end = () => resolve();
    });
    return () => end();
  };
  return { seen, file: Promise.resolve(file as never), holdReads };
}

const target = new Uint8Array(10);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a whole file is read from start to end', async () => {
  const { file, seen } = scene();
  const slice = new FileSlice(file, wholeExtent(10), undefined);
  expect(await slice.available()).toBe(10);
  expect(await slice.read(target, 4)).toBe(4);
  expect(slice.ready).toBe(6);
  expect(await slice.read(target, 6)).toBe(6);
  expect(await slice.available()).toBe(0);
  expect(slice.ready).toBe(0);
  expect(seen.reads).toEqual([
    [0, 4],
    [4, 6],
  ]);
  slice.close();
  slice.close();
  await turn();
  expect(seen.released).toBe(1);
});

test('a range begins and ends where it says', async () => {
  const { file, seen } = scene();
  const slice = new FileSlice(file, wholeExtent(10), { start: 2, end: 4 });
  expect(await slice.available()).toBe(3);
  expect(await slice.read(target, 3)).toBe(3);
  expect(await slice.available()).toBe(0);
  expect(seen.reads).toEqual([[2, 3]]);
});

test('bytes that arrive wake a reader, and so does the end', async () => {
  const { file } = scene();
  const extent = new GrowingExtent(10);
  const slice = new FileSlice(file, extent, undefined);
  const first = slice.available();
  extent.grow(4);
  expect(await first).toBe(4);
  await slice.read(target, 4);
  const last = slice.available();
  extent.end(4);
  expect(await last).toBe(0);
});

test('a range that is there ends, whatever becomes of the rest', async () => {
  const { file } = scene();
  const extent = new GrowingExtent(10);
  extent.grow(4);
  const slice = new FileSlice(file, extent, { start: 0, end: 1 });
  await slice.read(target, 2);
  extent.fail(new Error('wrong bytes'));
  expect(await slice.available()).toBe(0);
});

test('a failure reaches who waits, and nothing more can be read', async () => {
  const { file } = scene();
  const extent = new GrowingExtent(10);
  const slice = new FileSlice(file, extent, undefined);
  const waiting = expect(slice.available()).rejects.toThrow('wrong bytes');
  extent.grow(5);
  extent.fail(new Error('wrong bytes'));
  await waiting.catch(() => undefined);
  expect(slice.ready).toBe(0);
  await expect(slice.available()).rejects.toThrow('wrong bytes');
});

test('closing ends a wait', async () => {
  const { file, seen } = scene();
  const slice = new FileSlice(file, new GrowingExtent(10), undefined);
  const waiting = expect(slice.available()).rejects.toThrow('the reader closed the slice');
  await turn();
  slice.close();
  await waiting;
  expect(slice.ready).toBe(0);
  expect(seen.released).toBe(1);
  await expect(slice.read(target, 1)).rejects.toThrow('the reader closed the slice');
  expect(seen.reads).toEqual([]);
});

test('the file is released after a read that was under way', async () => {
  const { file, seen, holdReads } = scene();
  const slice = new FileSlice(file, wholeExtent(10), undefined);
  await turn();
  const endRead = holdReads();
  const reading = slice.read(target, 4);
  expect(seen.reads).toEqual([[0, 4]]);
  slice.close();
  await turn();
  expect(seen.released).toBe(0);
  endRead();
  expect(await reading).toBe(4);
  await turn();
  expect(seen.released).toBe(1);
});

test('a file that cannot be opened is the error of the read alone', async () => {
  const slice = new FileSlice(Promise.reject(new Error('ENOENT')), wholeExtent(10), undefined);
  await turn();
  await expect(slice.read(target, 1)).rejects.toThrow('ENOENT');
  slice.close();
  await turn();
});
