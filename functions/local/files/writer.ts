import { writev } from 'node:fs';
import type { OpenFile } from './open-file.ts';

/** Bytes that wait for the disk before the source has to wait as well. */
const mostWaiting = 4 * 1024 * 1024;

/** Writes chunks to a file one after the other; what comes during a write goes with the next. */
export class FileWriter {
  /** Bytes that are in the file. */
  written = 0;
  readonly #file: OpenFile;
  readonly #onWritten: (written: number) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** `onWritten` is called after each write with the bytes that are in the file. */
  constructor(file: OpenFile, onWritten: (written: number) => void) {
    this.#file = file;
    this.#onWritten = onWritten;
  }

  /** Takes a chunk, which must not change any more; throws when an earlier one failed. */
  append(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    if (!this.#isWriting) this.#write();
  }

  /** True when the source should wait for `drained`. */
  get isFull(): boolean {
    return this.#waitingBytes > mostWaiting;
  }

  /** Resolves when nothing waits any more; rejects when a write failed. One call at a time. */
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
    writev(this.#file.fd, chunks, this.written, (error, count) => {
      if (error) {
        this.#failure = error;
        return this.#rest();
      }
      this.written += count;
      const left = without(chunks, count);
      // A full disk takes a part first and fails only with the next write.
      if (left.length > 0) return this.#writeAll(left);
      this.#onWritten(this.written);
      if (this.#waiting.length > 0) this.#write();
      else this.#rest();
    });
  }

  #rest(): void {
    this.#isWriting = false;
    this.#wake?.();
  }
}

/** What is left of chunks after their first `count` bytes. */
function without(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.byteLength ?? 0;
    if (length > left) break;
    left -= length;
  }
  return chunks.slice(index).map((chunk, at) => (at === 0 ? chunk.subarray(left) : chunk));
}
