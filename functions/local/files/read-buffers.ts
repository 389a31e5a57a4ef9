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
export class ReadBuffers {
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
