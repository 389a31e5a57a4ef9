import type { PutMemory } from '../../core/bucket/put/target.ts';

/**
 * The memory of all puts of a store together, unless one buffer is larger: four slices being read and
 * one being sent. In bytes.
 */
const mostBytes = 40 * 1024 * 1024;

/** The size of the largest buffer, and so of the largest part, in bytes. */
export const largestBuffer = 64 * 1024 * 1024;

/** The usual size of a buffer and of a part, in bytes. Blobs of too many parts have larger ones. */
export const bufferBytes = 8 * 1024 * 1024;

interface Waiter {
  readonly bytes: number;
  take(buffer: Uint8Array): void;
}

/**
 * The memory of the puts, first come first served. A put acquires the buffers of its parts in order,
 * so the first unfinished part of each has its buffer: puts cannot deadlock.
 */
export class BufferPool implements PutMemory {
  #used = 0;
  #free: Uint8Array[] = [];
  readonly #waiters: Waiter[] = [];

  /** A buffer of this size, at most `largestBuffer`. Rejects when the signal is aborted. */
  acquire(bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = () => {
        const at = this.#waiters.indexOf(waiter);
        if (at !== -1) this.#waiters.splice(at, 1);
        reject(signal.reason);
        this.#serve();
      };
      const waiter: Waiter = {
        bytes,
        take: (buffer) => {
          signal.removeEventListener('abort', onAbort);
          resolve(buffer);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  /** Takes a buffer back, which must not be read or written afterwards. */
  release(buffer: Uint8Array): void {
    this.#used -= buffer.byteLength;
    if (buffer.byteLength === bufferBytes) this.#free.push(buffer);
    this.#serve();
    // An idle store holds no memory.
    if (this.#used === 0) this.#free = [];
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#waiters;
      if (first === undefined) return;
      if (this.#used > 0 && this.#used + first.bytes > mostBytes) return;
      this.#waiters.shift();
      this.#used += first.bytes;
      const free = first.bytes === bufferBytes ? this.#free.pop() : undefined;
      first.take(free ?? Buffer.allocUnsafeSlow(first.bytes));
    }
  }
}
