import type { PartsToSend } from '../../core/bucket/put/ways.ts';
import type { BlobSource } from '../../core/ports/blob-store.ts';

/**
 * What is handed on at a time, in bytes. workerd's own streams give 4 KiB a read, and hashing and
 * sending costs more for each portion than for what is in it.
 */
const portion = 256 * 1024;

/** From where, and until when, a source is read. */
export interface SourceReaderOptions extends Pick<PartsToSend, 'signal' | 'pause' | 'timeLeft'> {
  readonly start: number;
}

/** The bytes of a source in the portions that a put takes. Rejects with the source's own error. */
export interface SourceReader {
  /** True when time is up: no more bytes come, though there may be more. */
  isPausing(): boolean;
  /** At most `most` of the next bytes, and at least one; undefined at the end. */
  next(most: number): Promise<Uint8Array | undefined>;
  /** Fills `target` from its start; resolves to how many bytes came before the end. */
  fill(target: Uint8Array): Promise<number>;
  /** True when no byte is left. */
  isAtEnd(): Promise<boolean>;
  /** Ends the reading, also of a source that has more. Must be called in the end. */
  close(): void;
}

/**
 * Begins to read a source. An abort of `signal` cancels it, and the reading rejects with the reason;
 * at the pause it is cancelled as if it had ended.
 */
export function openReader(
  source: BlobSource,
  { start, signal, pause, timeLeft }: SourceReaderOptions,
): SourceReader {
  const reader = source.open(start);
  let left: Uint8Array = new Uint8Array();
  let isOver = false;
  const cancel = (reason?: unknown) => void reader.cancel(reason).catch(() => undefined);
  const onPause = () => {
    isOver = true;
    cancel();
  };
  const onAbort = () => cancel(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  // Ends a read that waits for an upstream which sends nothing.
  pause.addEventListener('abort', onPause, { once: true });

  function isPausing(): boolean {
    // Where bytes come without a break workerd runs no timer, so the clock is looked at as well.
    if (!isOver && (pause.aborted || timeLeft() === 0)) onPause();
    return isOver;
  }

  /** What the source gave in one chunk, or what is left of it. */
  async function piece(most: number): Promise<Uint8Array | undefined> {
    while (left.byteLength === 0) {
      if (isPausing()) return undefined;
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return undefined;
      left = value;
    }
    const bytes = left.subarray(0, most);
    left = left.subarray(bytes.byteLength);
    return bytes;
  }

  async function fill(target: Uint8Array): Promise<number> {
    let at = 0;
    while (at < target.byteLength) {
      const bytes = await piece(target.byteLength - at);
      if (bytes === undefined) break;
      target.set(bytes, at);
      at += bytes.byteLength;
    }
    return at;
  }

  return {
    isPausing,
    fill,
    async next(most) {
      const wanted = Math.min(most, portion);
      const first = await piece(most);
      if (first === undefined || first.byteLength >= wanted) return first;
      const bytes = new Uint8Array(wanted);
      bytes.set(first);
      const count = await fill(bytes.subarray(first.byteLength));
      return bytes.subarray(0, first.byteLength + count);
    },
    isAtEnd: async () => (await piece(1)) === undefined,
    close() {
      signal.removeEventListener('abort', onAbort);
      pause.removeEventListener('abort', onPause);
      cancel();
    },
  };
}
