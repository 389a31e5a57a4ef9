import { describe, expect, test } from 'vitest';
import {
  PartReader,
  type ReadRange,
  WrongSize,
} from '../../../../../functions/core/bucket/put/part-reader.ts';
import type { BlobSource } from '../../../../../functions/core/ports/blob-store.ts';
import { FedSource } from '../../../../contract/fed-source.ts';

const bytes = Uint8Array.from({ length: 10 }, (_, at) => at);
const never = new AbortController().signal;

function readerOf(chunks: readonly Uint8Array[], range: ReadRange, signal = never) {
  const source = new FedSource();
  for (const chunk of chunks) source.push(chunk);
  source.end();
  return new PartReader(source, range, signal);
}

describe('a buffer', () => {
  test.each([
    ['one chunk', [bytes]],
    ['chunks', [bytes.subarray(0, 1), bytes.subarray(1, 7), bytes.subarray(7)]],
    ['empty chunks', [bytes.subarray(0, 4), new Uint8Array(), bytes.subarray(4)]],
  ])('is filled from %s', async (_, chunks) => {
    const reader = readerOf(chunks, { size: 10 });
    const [first, second] = [new Uint8Array(4), new Uint8Array(6)];
    expect(await reader.fill(first)).toBe(4);
    expect(await reader.fill(second)).toBe(6);
    expect([...first, ...second]).toEqual([...bytes]);
  });

  test('is not filled at the end of a blob of unknown size', async () => {
    const reader = readerOf([bytes], { size: undefined });
    expect(await reader.fill(new Uint8Array(8))).toBe(8);
    expect(await reader.fill(new Uint8Array(8))).toBe(2);
    expect(await reader.fill(new Uint8Array(8))).toBe(0);
  });

  test('of a slice: the source is asked for it alone', async () => {
    const opened: unknown[] = [];
    const source: BlobSource = {
      slices: async () => 1,
      open(start, end) {
        opened.push([start, end]);
        return new FedSource()
          .push(bytes.subarray(start, end && end + 1))
          .end()
          .open();
      },
    };
    const slice = new PartReader(source, { start: 2, end: 5, size: 10 }, never);
    const buffer = new Uint8Array(3);
    await slice.fill(buffer);
    expect([...buffer]).toEqual([2, 3, 4]);
    const last = new PartReader(source, { start: 6, size: 10 }, never);
    await last.fill(new Uint8Array(4));
    expect(opened).toEqual([
      [2, 4],
      [6, undefined],
    ]);
  });
});

describe('a wrong size', () => {
  test.each([
    ['too few', 9, 'expected 10 bytes, got 9'],
    ['too many', 11, 'expected 10 bytes, got more'],
  ])('is noticed: %s', async (_, length, reason) => {
    const reader = readerOf([new Uint8Array(length)], { size: 10 });
    await reader.fill(new Uint8Array(4));
    const failure = await reader.fill(new Uint8Array(6)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WrongSize);
    expect(failure).toMatchObject({ outcome: { kind: 'mismatch', reason } });
  });
});

describe('a signal', () => {
  test('that is aborted cancels the source, and ends a read', async () => {
    const source = new FedSource();
    const controller = new AbortController();
    const reader = new PartReader(source, { size: 10 }, controller.signal);
    const filled = expect(reader.fill(new Uint8Array(10))).rejects.toThrow('stopped');
    controller.abort(new Error('stopped'));
    expect(await source.cancelled).toBe(controller.signal.reason);
    await filled;
    await expect(reader.fill(new Uint8Array(1))).rejects.toThrow('stopped');
  });

  test('that was aborted before cancels the source too', async () => {
    const source = new FedSource();
    const reason = new Error('stopped');
    const reader = new PartReader(source, { size: 10 }, AbortSignal.abort(reason));
    expect(await source.cancelled).toBe(reason);
    await expect(reader.fill(new Uint8Array(1))).rejects.toThrow('stopped');
  });

  test('has no listener after the end, nor after a cancellation', async () => {
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
    await readerOf([bytes], { size: 10 }, signal).fill(new Uint8Array(10));
    expect(listeners.size).toBe(0);
    const cancelled = readerOf([bytes], { size: 10 }, signal);
    expect(listeners.size).toBe(1);
    cancelled.cancel();
    expect(listeners.size).toBe(0);
  });
});
