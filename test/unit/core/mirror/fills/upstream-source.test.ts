import { describe, expect, it } from 'vitest';
import { type ByteReader, streamOf } from '../../../../../functions/core/bytes/byte-reader.ts';
import { BlobRefused } from '../../../../../functions/core/mirror/blob-fill.ts';
import { UpstreamSource } from '../../../../../functions/core/mirror/fills/upstream-source.ts';
import type { BlobOpening, BlobSlice } from '../../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { withoutWaiting } from '../../../../fake-timers.ts';

const blob = new Uint8Array(700_000).map((_, at) => at % 251);
const broken = new UpstreamError('unreachable', 'the connection broke');

/** A body of the slice that breaks, or ends, after so many bytes. */
function body(slice: BlobSlice, length: number, how: 'breaks' | 'ends' = 'breaks') {
  const end = (slice.end ?? blob.length - 1) + 1;
  const bytes = blob.subarray(slice.start, Math.min(end, slice.start + length));
  let sent = false;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent && bytes.length > 0) {
        sent = true;
        return controller.enqueue(bytes);
      }
      if (how === 'ends' || slice.start + length >= end) return controller.close();
      controller.error(broken);
    },
  }).getReader();
}

function sourceOf(
  open: (slice: BlobSlice) => Promise<BlobOpening>,
  size: number | undefined = blob.length,
) {
  const slices: BlobSlice[] = [];
  const record = (slice: BlobSlice) => {
    slices.push(slice);
    return open(slice);
  };
  return { slices, source: new UpstreamSource(record, size, new AbortController().signal) };
}

async function read(reader: ByteReader): Promise<Uint8Array> {
  return new Uint8Array(await new Response(streamOf(reader)).arrayBuffer());
}

describe('UpstreamSource', () => {
  it('resumes where a body broke, as often as it makes progress', async () => {
    const { source, slices } = sourceOf(async (slice) => ({
      kind: 'found',
      size: blob.length,
      body: body(slice, 100_000),
    }));
    expect(await read(source.open(0))).toEqualBytes(blob);
    expect(slices.map((slice) => slice.start)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((at) => at * 100_000),
    );
    expect(source.bytes).toBe(blob.length);
  });

  it('sends no request once it is cancelled, even while it waits for bytes', async () => {
    const { source, slices } = sourceOf(async () => ({
      kind: 'found',
      size: blob.length,
      body: new ReadableStream({
        start: (controller) => controller.enqueue(blob.slice(0, 100_000)),
      }).getReader(),
    }));
    const reader = source.open(0);
    await reader.read();
    const waiting = reader.read();
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    await reader.cancel();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await turn();
    expect(slices).toHaveLength(1);
  });

  it('resumes a body that ended too early', async () => {
    const { source } = sourceOf(async (slice) => ({
      kind: 'found',
      size: blob.length,
      body: body(slice, 400_000, 'ends'),
    }));
    expect(await read(source.open(0))).toEqualBytes(blob);
  });

  it('reads no more than the requested slice', async () => {
    const { source } = sourceOf(async (slice) => ({
      kind: 'found',
      size: blob.length,
      body: body(slice, 30),
    }));
    const bytes = await withoutWaiting(() => read(source.open(100, 199)));
    expect(bytes).toEqualBytes(blob.subarray(100, 200));
  });

  it.each([[0], [1]])('gives up after five requests that return %i bytes', async (gain) => {
    const { source, slices } = sourceOf(async (slice) => ({
      kind: 'found',
      size: blob.length,
      body: body(slice, slice.start === 0 ? 100_000 : gain),
    }));
    await expect(withoutWaiting(() => read(source.open(0)))).rejects.toBe(broken);
    expect(slices).toHaveLength(1 + 4);
  });

  it.each(['invalid', 'credentials'] as const)(
    'sends no further request after an answer that is %s',
    async (kind) => {
      const error = new UpstreamError(kind, `the answer is ${kind}`);
      const { source, slices } = sourceOf(async (slice) => {
        if (slice.start > 0) throw error;
        return { kind: 'found', size: blob.length, body: body(slice, 100_000) };
      });
      await expect(withoutWaiting(() => read(source.open(0)))).rejects.toBe(error);
      expect(slices.map(({ start }) => start)).toEqual([0, 100_000]);
    },
  );

  it('fails at once, before the first byte, when the upstream is limited', async () => {
    const limited = new UpstreamError('limited', 'limited', { status: 429 });
    const { source, slices } = sourceOf(() => Promise.reject(limited));
    await expect(read(source.open(0))).rejects.toBe(limited);
    await expect(source.answered).rejects.toBe(limited);
    expect(slices).toHaveLength(1);
  });

  it('distinguishes a refusal from a failure', async () => {
    const { source } = sourceOf(async () => ({ kind: 'absent' }));
    await expect(read(source.open(0))).rejects.toBeInstanceOf(BlobRefused);
    await expect(source.answered).rejects.toBeInstanceOf(BlobRefused);
  });

  it('rejects a blob of another size than the manifest states', async () => {
    const { source } = sourceOf(async (slice) => ({
      kind: 'found',
      size: blob.length + 1,
      body: body(slice, blob.length),
    }));
    await expect(read(source.open(0))).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('reads an empty blob', async () => {
    const empty = async () =>
      ({ kind: 'found', size: 0, body: new Blob([]).stream().getReader() }) as const;
    const { source } = sourceOf(empty, 0);
    expect(await read(source.open(0))).toHaveLength(0);
    await source.answered;
  });

  it('sends the request at once, and ends a pending read when cancelled', async () => {
    let answer: (opening: BlobOpening) => void = () => undefined;
    const { source, slices } = sourceOf(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const reader = source.open(0);
    expect(slices).toHaveLength(1);
    const reading = reader.read();
    await reader.cancel(new Error('the client left'));
    expect(await reading).toEqual({ done: true, value: undefined });
    await expect(source.answered).rejects.toThrow('the client left');
    const cancelled = new Promise((resolve) => {
      const late = new ReadableStream<Uint8Array>({ cancel: resolve }).getReader();
      answer({ kind: 'found', size: blob.length, body: late });
    });
    await cancelled;
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(slices).toHaveLength(1);
  });

  it('sends no request after a cancel', async () => {
    const { source, slices } = sourceOf(async () => ({
      kind: 'found',
      size: blob.length,
      body: new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(blob.subarray(0, 100_000)),
      }).getReader(),
    }));
    const reader = source.open(0);
    await reader.read();
    const reading = reader.read();
    await reader.cancel();
    await reading;
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(slices).toHaveLength(1);
  });

  it('sends no request after it gave up', async () => {
    const limited = new UpstreamError('limited', 'limited', { status: 429 });
    const refused = sourceOf(() => Promise.reject(limited));
    const failing = refused.source.open(0);
    await expect(failing.read()).rejects.toBe(limited);
    await expect(failing.read()).rejects.toBe(limited);
    expect(refused.slices).toHaveLength(1);
  });
});
