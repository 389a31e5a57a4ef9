import { writev } from 'node:fs';
import type { OpenFile } from './open-file.ts';

/** How many bytes may wait for the disk before the source must wait too. */
const mostWaiting = 4 * 1024 * 1024;

/** Appends chunks to a file. Chunks that arrive during a write go out together with the next one. */
export class FileWriter {
  readonly #file: OpenFile;
  readonly #onWritten: (written: number) => void;
  #written = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** `onWritten` is called after each write with the number of bytes in the file. */
  constructor(file: OpenFile, onWritten: (written: number) => void) {
    this.#file = file;
    this.#onWritten = onWritten;
  }

  /** Queues a chunk, which must not change afterwards; throws if an earlier write failed. */
  append(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    if (!this.#isWriting) this.#write();
  }

  /** True if the source should wait for `drained`. */
  get isFull(): boolean {
    return this.#waitingBytes > mostWaiting;
  }

  /** Resolves when everything is written; rejects if a write failed. One call at a time. */
  async drained(): Promise<void> {
    while (this.#isWriting) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(): void {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#isWriting = true;
    this.#writeAll(chunks);
  }

  #writeAll(chunks: Uint8Array[]): void {
    writev(this.#file.fd, chunks, this.#written, (error, count) => {
      if (error) {
        this.#failure = error;
        return this.#stop();
      }
      this.#written += count;
      const left = chunksAfter(chunks, count);
      // A full disk accepts a part first and fails only at the next write.
      if (left.length > 0) return this.#writeAll(left);
      this.#onWritten(this.#written);
      if (this.#waiting.length > 0) this.#write();
      else this.#stop();
    });
  }

  #stop(): void {
    this.#isWriting = false;
    this.#wake?.();
  }
}

/** The chunks without their first `count` bytes. */
function chunksAfter(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  return chunks.flatMap((chunk) => {
    const skipped = Math.min(skip, chunk.byteLength);
    skip -= skipped;
    return skipped === chunk.byteLength ? [] : [chunk.subarray(skipped)];
  });
}
