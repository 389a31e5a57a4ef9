import { type ByteReader, noMoreBytes } from '../bytes/byte-reader.ts';
import { invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import { fetchFailure } from './fetch-error.ts';

/** Which part of a response's body is passed on, and how long a silence is borne. */
export interface BlobBodyOptions {
  /** Names the registry and the purpose, for errors. */
  readonly what: string;
  /** Bytes at the beginning that were not asked for. */
  readonly skip: number;
  /** Bytes that are passed on; undefined when only the end of the body tells. */
  readonly length: number | undefined;
  /** True when the response goes on after `length`, and that is to be cut off. */
  readonly cut: boolean;
  /** Milliseconds without a byte. */
  readonly stallTimeout: number;
}

/**
 * Passes a body on as it is read, without a buffer of its own. A read rejects with an UpstreamError
 * when bytes are missing (`unreachable`), too many (`invalid`) or late (`timeout`).
 */
export function blobBody(reader: ByteReader, options: BlobBodyOptions): ByteReader {
  const { what, cut, length, stallTimeout } = options;
  let { skip } = options;
  let left = length ?? Number.POSITIVE_INFINITY;
  let stalled = false;
  let isOver = false;
  const watch = watchStall(stallTimeout, () => {
    stalled = true;
    giveUp();
  });

  function end(): void {
    isOver = true;
    watch.stop();
  }

  function giveUp(): void {
    reader.cancel().catch(() => undefined);
  }

  async function next(): Promise<Uint8Array | undefined> {
    watch.waiting();
    const { done, value } = await reader.read();
    watch.arrived();
    if (stalled) throw new UpstreamError('timeout', `${what}: the body stalled`);
    // Somebody cancelled meanwhile, and looks at nothing of this any more.
    if (isOver) return undefined;
    if (!done) return value;
    const isShort = skip > 0 || (left > 0 && left !== Number.POSITIVE_INFINITY);
    if (isShort) throw new UpstreamError('unreachable', `${what}: the body ended early`);
    return undefined;
  }

  /** The part of a chunk to pass on, perhaps empty. */
  function wanted(chunk: Uint8Array): Uint8Array {
    const from = Math.min(skip, chunk.byteLength);
    skip -= from;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (rest.byteLength > left && !cut) throw invalidAnswer(what, 'a longer body than announced');
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
          const value = wanted(chunk);
          if (cut && left === 0) {
            end();
            giveUp();
          }
          if (value.byteLength > 0) return { done: false, value };
        }
        return noMoreBytes;
      } catch (error) {
        end();
        giveUp();
        throw fetchFailure(what, error, 'the body broke off');
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  };
}

/** Watches that bytes keep coming while somebody waits for them. */
interface StallWatch {
  /** Call before waiting for bytes. */
  waiting(): void;
  /** Call when they are there: a consumer that takes its time is no stall. */
  arrived(): void;
  /** Call at the end, whichever it is. */
  stop(): void;
}

const ticksPerLimit = 4;

/**
 * Calls `stalled` once when a wait lasts between 1 and 1.25 times `limit` milliseconds. One slow
 * timer serves the whole body: a chunk costs two assignments and no timer of its own.
 */
export function watchStall(limit: number, stalled: () => void): StallWatch {
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
    if (isWaiting) stalled();
  };
  return {
    waiting() {
      isWaiting = true;
      ticks = 0;
      timer ??= setInterval(tick, limit / ticksPerLimit);
    },
    arrived() {
      isWaiting = false;
    },
    stop,
  };
}
