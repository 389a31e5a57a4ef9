import { type ByteReader, noMoreBytes } from '../bytes/byte-reader.ts';
import { invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import { fetchFailure } from './fetch-error.ts';

/** Which part of a response's body to pass on, and the longest silence. */
export interface BlobBodyOptions {
  /** Names the registry and the purpose, for errors. */
  readonly what: string;
  /** Bytes at the beginning that were not requested. */
  readonly skip: number;
  /** Bytes to pass on; undefined: up to the end of the body. */
  readonly length: number | undefined;
  /** True if the response continues after `length`; the rest is dropped. */
  readonly cut: boolean;
  /** The longest silence, in ms. */
  readonly stallTimeout: number;
}

/**
 * Passes a body on without a buffer of its own. A read rejects with an UpstreamError when bytes are
 * missing (`unreachable`), too many (`invalid`) or late (`timeout`).
 */
export function blobBody(reader: ByteReader, options: BlobBodyOptions): ByteReader {
  const { what, cut, length, stallTimeout } = options;
  let { skip } = options;
  let left = length ?? Number.POSITIVE_INFINITY;
  let isStalled = false;
  let isOver = false;
  const cancel = () => void reader.cancel().catch(() => undefined);
  const watch = watchStall(stallTimeout, () => {
    isStalled = true;
    cancel();
  });

  function end(): void {
    isOver = true;
    watch.stop();
  }

  async function next(): Promise<Uint8Array | undefined> {
    watch.beginWait();
    const { done, value } = await reader.read();
    watch.endWait();
    if (isStalled) throw new UpstreamError('timeout', `${what}: the body stalled (stallTimeout)`);
    // Cancelled meanwhile.
    if (isOver) return undefined;
    if (!done) return value;
    const isShort = skip > 0 || (left > 0 && left !== Number.POSITIVE_INFINITY);
    if (isShort) throw new UpstreamError('unreachable', `${what}: the body ended early`);
    return undefined;
  }

  /** The part of a chunk to pass on, which may be empty. */
  function partOf(chunk: Uint8Array): Uint8Array {
    const from = Math.min(skip, chunk.byteLength);
    skip -= from;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (rest.byteLength > left && !cut) throw invalidAnswer(what, 'a longer body than stated');
    const part = rest.byteLength > left ? rest.subarray(0, left) : rest;
    left -= part.byteLength;
    return part;
  }

  return {
    async read() {
      try {
        while (!isOver) {
          const chunk = await next();
          if (chunk === undefined) {
            end();
            break;
          }
          const value = partOf(chunk);
          if (cut && left === 0) {
            end();
            cancel();
          }
          if (value.byteLength > 0) return { done: false, value };
        }
        return noMoreBytes;
      } catch (error) {
        end();
        cancel();
        throw fetchFailure(what, error, 'the body broke off');
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  };
}

/** Limits each wait for bytes. */
interface StallWatch {
  /** Call before waiting for bytes. */
  beginWait(): void;
  /** Call when they arrive: a slow consumer is not a stall. */
  endWait(): void;
  /** Call at the end, also after a failure. */
  stop(): void;
}

const ticksPerLimit = 4;

/**
 * Calls `onStall` once when a wait lasts longer than `limit` ms, by up to a quarter. One slow timer
 * serves the whole body: a chunk costs two assignments and no timer of its own.
 */
export function watchStall(limit: number, onStall: () => void): StallWatch {
  let timer: ReturnType<typeof setInterval> | undefined;
  let isWaiting = false;
  let ticks = 0;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const tick = () => {
    ticks += 1;
    if (isWaiting && ticks <= ticksPerLimit) return;
    stop();
    if (isWaiting) onStall();
  };
  return {
    beginWait() {
      isWaiting = true;
      ticks = 0;
      timer ??= setInterval(tick, limit / ticksPerLimit);
    },
    endWait() {
      isWaiting = false;
    },
    stop,
  };
}
