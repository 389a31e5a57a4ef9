import type { ByteRange } from '../core/headers/range.ts';
import { type Extent, GrowingExtent } from './extent.ts';

/** The size of a page: a growing blob adds pages instead of copying its bytes. */
const pageBytes = 1024 * 1024;

/** Blobs up to this size, such as configs, are returned in one piece: a stream would cost more. */
const smallBlob = 64 * 1024;

/** The bytes were dropped. */
class BytesDropped extends Error {
  constructor() {
    super('the blob is not in memory any more');
    this.name = 'BytesDropped';
  }
}

/**
 * The bytes of one blob, which can be read while they arrive. Readers share the pages without copying;
 * they stay in memory until the blob is dropped and its last reader has ended.
 */
export class BlobBytes {
  readonly extent: GrowingExtent;
  readonly #pages: Uint8Array<ArrayBuffer>[] = [];
  readonly #stated: number | undefined;
  readonly #onFreed: () => void;
  #length = 0;
  #readers = 0;
  #isDropped = false;
  #isFreed = false;

  /** `stated` is the size, if it is known. `onFreed` is called when all pages are free. */
  constructor(stated: number | undefined, onFreed: () => void) {
    this.#stated = stated;
    this.#onFreed = onFreed;
    this.extent = new GrowingExtent(stated);
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a copy of a chunk; in all not more than the stated size. */
  append(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      const page = this.#pageWithRoom();
      const offset = this.#length % pageBytes;
      const part = chunk.subarray(at, at + page.byteLength - offset);
      page.set(part, offset);
      at += part.byteLength;
      this.#length += part.byteLength;
    }
    this.extent.grow(this.#length);
  }

  /** Reports that all bytes are verified. */
  end(): void {
    const last = this.#pages.at(-1);
    const used = this.#length - (this.#pages.length - 1) * pageBytes;
    // Readers of the old page keep it.
    if (last !== undefined && used < last.byteLength) {
      this.#pages[this.#pages.length - 1] = last.slice(0, used);
    }
    this.extent.end(this.#length);
  }

  /** A small blob, or a range of it, in one piece; undefined for a larger blob. */
  inOnePiece(range: ByteRange | undefined): Uint8Array<ArrayBuffer> | undefined {
    if (this.#length > smallBlob) return undefined;
    const [page = new Uint8Array()] = this.#pages;
    return range === undefined ? page : page.subarray(range.start, range.end + 1);
  }

  /** Streams the blob or a range of it. The stream never ends cleanly before the bytes are verified. */
  read(range: ByteRange | undefined): ReadableStream<Uint8Array> {
    let at = range?.start ?? 0;
    const end = range === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
    let isOpen = true;
    let wake: () => void = () => undefined;
    this.#readers += 1;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#readers -= 1;
      this.#freeIfUnused();
      wake();
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            await readable(this.extent, at, end, (woken) => {
              wake = woken;
            });
            if (!isOpen) return;
            const chunk = this.#chunk(at, Math.min(end, this.extent.readable));
            at += chunk.byteLength;
            if (chunk.byteLength > 0) return controller.enqueue(chunk);
            close();
            controller.close();
          } catch (error) {
            close();
            controller.error(error);
          }
        },
        cancel: close,
      },
      { highWaterMark: 0 },
    );
  }

  /** Frees the bytes as soon as they have no reader. */
  drop(): void {
    this.#isDropped = true;
    // Readers of a failed blob get its error and no further bytes.
    if (this.extent.failure !== undefined) this.#readers = 0;
    this.#freeIfUnused();
  }

  #pageWithRoom(): Uint8Array<ArrayBuffer> {
    const last = this.#pages.at(-1);
    if (last !== undefined && this.#length < this.#pages.length * pageBytes) return last;
    const left = this.#stated === undefined ? pageBytes : this.#stated - this.#length;
    const page = new Uint8Array(Math.min(pageBytes, left));
    this.#pages.push(page);
    return page;
  }

  #chunk(at: number, end: number): Uint8Array {
    if (this.#isFreed) throw new BytesDropped();
    const offset = at % pageBytes;
    const page = this.#pages[Math.floor(at / pageBytes)];
    return page?.subarray(offset, offset + Math.max(0, end - at)) ?? new Uint8Array();
  }

  #freeIfUnused(): void {
    if (!this.#isDropped || this.#isFreed || this.#readers > 0) return;
    this.#isFreed = true;
    this.#pages.length = 0;
    this.#onFreed();
  }
}

/** Waits until there is a byte at `at` or never will be; `wakeBy` receives a function that ends the wait. */
async function readable(
  extent: Extent,
  at: number,
  end: number,
  wakeBy: (wake: () => void) => void,
): Promise<void> {
  if (at >= end) return;
  if (extent.failure !== undefined) throw extent.failure;
  if (at < extent.readable || extent.ended) return;
  await new Promise<void>((resolve) => {
    const forget = extent.watch(changed);
    function changed() {
      if (at >= extent.readable && !extent.ended && extent.failure === undefined) return;
      forget();
      resolve();
    }
    wakeBy(() => {
      forget();
      resolve();
    });
  });
  if (extent.failure !== undefined) throw extent.failure;
}
