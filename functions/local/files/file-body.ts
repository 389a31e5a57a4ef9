import type { Writable } from 'node:stream';
import { setNodeBody } from '../../node/http/write-answer.ts';
import type { FileSlice } from './slice.ts';

const kibibyte = 1024;
const smallest = 64 * kibibyte;
const largest = 1024 * kibibyte;
const budget = 32 * 1024 * kibibyte;
/** What is kept for the next reader, in bytes. */
const mostSpare = 8 * 1024 * kibibyte;

/**
 * The buffers that blobs pass through on their way from disk to sockets. A reader holds one for as
 * long as its client takes to accept it, so a buffer is large while there are few readers and small
 * when hundreds wait: 600 slow readers hold about 70 MiB together.
 */
class ReadBuffers {
  readonly #spare = new Map<number, Buffer[]>();
  #spareBytes = 0;
  #held = 0;

  /** True when readers should not read ahead of what their client has accepted. */
  get isTight(): boolean {
    return this.#held > budget / 2;
  }

  /** A buffer for at most `wanted` bytes, which may be smaller. What is in it is arbitrary. */
  take(wanted: number): Buffer {
    const size = Math.min(wanted, this.#affordable());
    this.#held += size;
    const spare = this.#spare.get(size)?.pop();
    if (spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#spareBytes -= size;
    return spare;
  }

  /** Gives a buffer back. `isReusable` is false when something may still read it. */
  give(buffer: Buffer, isReusable: boolean): void {
    const size = buffer.byteLength;
    this.#held -= size;
    const isPowerOfTwo = (size & (size - 1)) === 0;
    if (!isReusable || size < smallest || !isPowerOfTwo) return;
    if (this.#spareBytes + size > mostSpare) return;
    this.#spareBytes += size;
    const spares = this.#spare.get(size);
    if (spares === undefined) this.#spare.set(size, [buffer]);
    else spares.push(buffer);
  }

  /** An eighth of what is left, as a power of two. */
  #affordable(): number {
    const left = Math.max(0, budget - this.#held) / 8;
    if (left >= largest) return largest;
    return left <= smallest ? smallest : 2 ** Math.floor(Math.log2(left));
  }
}

const buffers = new ReadBuffers();

/** What a chunk of the Web stream holds at most, in bytes. */
const chunkSize = 256 * 1024;

/**
 * A slice as a Web stream, read on demand. Moving each chunk through Web streams costs more than
 * reading it, so the stream also has a NodeBody.
 */
export function bodyOf(slice: FileSlice): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const count = await slice.available();
          if (count === 0) {
            slice.close();
            return controller.close();
          }
          const chunk = new Uint8Array(Math.min(count, chunkSize));
          controller.enqueue(chunk.subarray(0, await slice.read(chunk, chunk.byteLength)));
        } catch (error) {
          slice.close();
          controller.error(error);
        }
      },
      cancel: () => slice.close(),
    },
    { highWaterMark: 0 },
  );
  setNodeBody(stream, { writeTo: (sink, signal) => pump(slice, sink, signal) });
  return stream;
}

/** A buffer and how many bytes of the slice are in it. */
interface Filled {
  readonly buffer: Buffer;
  readonly count: number;
}

/** Reads the next bytes; undefined at the end. What can be read begins to be before it returns. */
async function fill(slice: FileSlice): Promise<Filled | undefined> {
  const available = slice.ready || (await slice.available());
  if (available === 0) return undefined;
  const buffer = buffers.take(available);
  try {
    return { buffer, count: await slice.read(buffer, Math.min(available, buffer.byteLength)) };
  } catch (error) {
    buffers.give(buffer, true);
    throw error;
  }
}

async function pump(slice: FileSlice, sink: Writable, signal?: AbortSignal): Promise<void> {
  const outlet = new Outlet(sink, signal, () => slice.close());
  let next = fill(slice);
  try {
    for (;;) {
      const filled = await next;
      next = Promise.resolve(undefined);
      if (filled === undefined) break;
      const isAhead = !buffers.isTight;
      // Before the write, which copies into the socket on this thread while another one reads.
      if (isAhead) next = fill(slice);
      // It is looked at in the next round, if there is one.
      next.catch(() => undefined);
      outlet.write(filled);
      await outlet.taken();
      if (!isAhead) next = fill(slice);
    }
  } catch (error) {
    throw outlet.failure ?? error;
  } finally {
    outlet.close();
    slice.close();
    const unused = await next.catch(() => undefined);
    if (unused !== undefined) buffers.give(unused.buffer, true);
  }
}

/** A sink that takes one buffer at a time and says when it is done with it. */
class Outlet {
  failure: unknown;
  readonly #sink: Writable;
  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;
  #written: Promise<void> = Promise.resolve();
  #settle: (() => void) | undefined;
  #held: Buffer | undefined;

  /** `stop` ends a wait for bytes when the sink is gone. */
  constructor(sink: Writable, signal: AbortSignal | undefined, stop: () => void) {
    this.#sink = sink;
    this.#signal = signal;
    this.#stop = stop;
    sink.on('close', this.#onClose);
    sink.on('error', this.#fail);
    signal?.addEventListener('abort', this.#onAbort);
    if (sink.destroyed) this.#onClose();
    if (signal?.aborted) this.#onAbort();
  }

  /** Resolves when the sink is done with the last buffer; rejects when it will never be. */
  async taken(): Promise<void> {
    await this.#written;
    if (this.failure !== undefined) throw this.failure;
  }

  /** Writes a buffer and keeps it until the sink is done with it; throws when the sink is gone. */
  write({ buffer, count }: Filled): void {
    this.#held = buffer;
    if (this.failure !== undefined) throw this.failure;
    this.#written = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#sink.write(buffer.subarray(0, count), (error) => {
      this.#letGo(true);
      if (error) this.#fail(error);
      this.#settle?.();
    });
  }

  close(): void {
    this.#sink.off('close', this.#onClose);
    this.#sink.off('error', this.#fail);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // Without its call-back a buffer may still be on its way to the socket.
    this.#letGo(false);
  }

  readonly #fail = (reason: unknown): void => {
    this.failure ??= reason;
    this.#settle?.();
    this.#stop();
  };

  readonly #onClose = (): void => this.#fail(new Error('the reader went away'));

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  #letGo(isReusable: boolean): void {
    if (this.#held === undefined) return;
    buffers.give(this.#held, isReusable);
    this.#held = undefined;
  }
}
