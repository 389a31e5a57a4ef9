import type { ByteReader } from '../../functions/core/bytes/byte-reader.ts';
import { type BlobSource, BlobTooLarge } from '../../functions/core/ports/blob-store.ts';

/** A source that a test feeds by hand. */
export class FedSource implements BlobSource {
  /** How often it was opened. */
  opened = 0;
  /** Resolves when it is opened first. */
  readonly begun: Promise<void>;
  /** Resolves with the reason when the store cancels it. */
  readonly cancelled: Promise<unknown>;
  readonly #reader: ByteReader;
  #onOpen: () => void = () => undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    this.begun = new Promise((resolve) => {
      this.#onOpen = resolve;
    });
    let onCancel: (reason: unknown) => void = () => undefined;
    this.cancelled = new Promise((resolve) => {
      onCancel = resolve;
    });
    this.#reader = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: (reason) => onCancel(reason),
    }).getReader();
  }

  async slices(): Promise<number> {
    return 1;
  }

  open(): ByteReader {
    this.opened += 1;
    this.#onOpen();
    return this.#reader;
  }

  push(bytes: Uint8Array): this {
    // Not the test's own bytes: a store may keep or hand on what it got.
    this.#controller?.enqueue(bytes.slice());
    return this;
  }

  end(): this {
    this.#controller?.close();
    return this;
  }

  fail(error: Error): this {
    this.#controller?.error(error);
    return this;
  }
}

/** A source of bytes in chunks of at most 64 KiB, each made when it is asked for. */
export function sourceOf(bytes: Uint8Array, slices = 1): BlobSource {
  return {
    slices: async () => slices,
    open: (start, end = bytes.byteLength - 1) => {
      let at = start;
      return new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            if (at > end) return controller.close();
            const chunk = bytes.slice(at, Math.min(at + 65_536, end + 1));
            at += chunk.byteLength;
            controller.enqueue(chunk);
          },
        },
        { highWaterMark: 0 },
      ).getReader();
    },
  };
}

/** A source of twenty megabytes, which then shows that its blob is too large. */
export function tooLargeSource(): BlobSource {
  let given = 0;
  return {
    slices: async () => 1,
    open: () => ({
      async read() {
        if (given === 20) throw new BlobTooLarge('it grew beyond what may be stored');
        given += 1;
        return { done: false, value: new Uint8Array(1_000_000) };
      },
      async cancel() {},
    }),
  };
}

/** All bytes of a stream. */
export async function bytesOf(
  stream: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The next bytes of a stream, `count` of them; fewer when it ends before. */
export async function nextBytes(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  count: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  while (received < count) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.byteLength;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
