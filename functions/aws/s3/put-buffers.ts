import type { PutMemory } from '../../core/bucket/put/ways.ts';

/**
 * All puts of a store together hold so many bytes of blobs in memory, or one larger buffer: four
 * slices that are read and one that is sent.
 */
const mostBytes = 40 * 1024 * 1024;

/** The size of the largest buffer, and of the largest part. In bytes. */
export const largestBuffer = 64 * 1024 * 1024;

/** The size of a buffer, and of a part, unless the blob has too many of them. In bytes. */
export const bufferBytes = 8 * 1024 * 1024;

interface Waiting {
  readonly bytes: number;
  take(buffer: Uint8Array): void;
}

/**
 * The memory of the puts. Who asks gets it in turn, so a put whose first unfinished part has its
 * buffer goes on, whatever the others wait for.
 */
export class PutBuffers implements PutMemory {
  #used = 0;
  #free: Uint8Array[] = [];
  readonly #waiting: Waiting[] = [];

  /** A buffer of this size, at most `largestBuffer`; rejects when the signal is aborted before. */
  acquire(bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at !== -1) this.#waiting.splice(at, 1);
        reject(signal.reason);
        this.#serve();
      };
      const waiting: Waiting = {
        bytes,
        take: (buffer) => {
          signal.removeEventListener('abort', onAbort);
          resolve(buffer);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#serve();
    });
  }

  /** Gives a buffer back: nobody may write it, or send it, any more. */
  release(buffer: Uint8Array): void {
    this.#used -= buffer.byteLength;
    if (buffer.byteLength === bufferBytes) this.#free.push(buffer);
    this.#serve();
    // An idle store keeps none.
    if (this.#used === 0) this.#free = [];
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      if (this.#used > 0 && this.#used + first.bytes > mostBytes) return;
      this.#waiting.shift();
      this.#used += first.bytes;
      first.take(this.#bufferOf(first.bytes));
    }
  }

  #bufferOf(bytes: number): Uint8Array {
    const kept = bytes === bufferBytes ? this.#free.pop() : undefined;
    return kept ?? Buffer.allocUnsafeSlow(bytes);
  }
}
