import type { Writable } from 'node:stream';
import type { ByteRange } from '../../core/headers/range.ts';
import type { Extent } from '../../memory/extent.ts';
import { setNodeBody } from '../../node/http/write-answer.ts';
import type { OpenFile } from './open-file.ts';
import { FileSlice } from './slice.ts';

const kibibyte = 1024;
const smallest = 64 * kibibyte;
const largest = 1024 * kibibyte;
/** What all readers should hold together, in bytes. */
const budget = 32 * 1024 * kibibyte;
/** What is kept for the next reader, in bytes. */
const mostSpare = 8 * 1024 * kibibyte;

/**
 * The buffers through which blobs pass from disk to sockets. A reader holds one until its client has
 * accepted it, so buffers are large while there are few readers and small when there are hundreds:
 * 600 slow readers hold about 70 MiB together.
 */
class ReadBuffers {
  readonly #spare = new Map<number, Buffer[]>();
  #spareBytes = 0;
  #held = 0;

  /** True if readers should not read ahead of what their client has accepted. */
  get isTight(): boolean {
    return this.#held > budget / 2;
  }

  /** Returns a buffer of at most `wanted` bytes, perhaps fewer, with arbitrary content. */
  take(wanted: number): Buffer {
    const size = Math.min(wanted, this.#affordable());
    this.#held += size;
    const spare = this.#spare.get(size)?.pop();
    if (spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#spareBytes -= size;
    return spare;
  }

  /** Returns a buffer; not `isReusable` if something may still read it. */
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

  /** An eighth of the remaining budget, as a power of two. */
  #affordable(): number {
    const left = Math.max(0, budget - this.#held) / 8;
    if (left >= largest) return largest;
    return left <= smallest ? smallest : 2 ** Math.floor(Math.log2(left));
  }
}

const buffers = new ReadBuffers();

/** The largest chunk of the Web stream, in bytes. */
const chunkSize = 256 * kibibyte;

/**
 * A file, or a range of it, as a Web stream that is read on demand. Moving chunks through Web streams
 * costs more than reading the file, so the stream also has a NodeBody. Takes over one use of `file`.
 */
export function fileBody(
  file: Promise<OpenFile>,
  extent: Extent,
  range: ByteRange | undefined,
): ReadableStream<Uint8Array> {
  const slice = new FileSlice(file, extent, range);
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

/** A buffer whose first `count` bytes are the next ones of a slice. */
interface Filled {
  readonly buffer: Buffer;
  readonly count: number;
}

/** Reads the next bytes; undefined at the end. If bytes are ready, the read starts at once. */
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
      // Start the read before the write, which copies into the socket on this thread.
      if (isAhead) next = fill(slice);
      // The next round reports its error, if there is one.
      next.catch(() => undefined);
      await outlet.write(filled);
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

/** Writes buffers to a sink, one at a time. */
class Outlet {
  failure: unknown;
  readonly #sink: Writable;
  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;
  #settle: () => void = () => undefined;
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

  /** Resolves when the sink has accepted the buffer; rejects when it never will. */
  async write({ buffer, count }: Filled): Promise<void> {
    this.#held = buffer;
    if (this.failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        this.#sink.write(buffer.subarray(0, count), (error) => {
          this.#giveBack(true);
          if (error) this.#fail(error);
          resolve();
        });
      });
    }
    if (this.failure !== undefined) throw this.failure;
  }

  close(): void {
    this.#sink.off('close', this.#onClose);
    this.#sink.off('error', this.#fail);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // Until its callback is called, a buffer may still be on its way to the socket.
    this.#giveBack(false);
  }

  readonly #fail = (reason: unknown): void => {
    this.failure ??= reason;
    this.#settle();
    this.#stop();
  };

  readonly #onClose = (): void => this.#fail(new Error('the client left'));

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  #giveBack(isReusable: boolean): void {
    if (this.#held === undefined) return;
    buffers.give(this.#held, isReusable);
    this.#held = undefined;
  }
}
