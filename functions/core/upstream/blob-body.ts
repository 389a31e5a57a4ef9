import { fetchFailure } from './fetch-failure.ts';
import { watchStall } from './stall.ts';
import { UpstreamError } from './upstream-error.ts';

/** Which part of a response's body is passed on, and how long a silence is borne. */
export interface BlobBody {
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
 * Passes a body on as it is pulled, without a buffer of its own. The stream errors with an
 * UpstreamError when bytes are missing (`unreachable`), too many (`invalid`) or late (`timeout`).
 */
export function blobBody(
  source: ReadableStream<Uint8Array>,
  body: BlobBody,
): ReadableStream<Uint8Array> {
  const { what, cut } = body;
  const reader = source.getReader();
  const giveUp = () => void reader.cancel().catch(() => undefined);
  let { skip } = body;
  let left = body.length ?? Number.POSITIVE_INFINITY;
  let stalled = false;
  const watch = watchStall(body.stallTimeout, () => {
    stalled = true;
    giveUp();
  });

  const next = async (): Promise<Uint8Array | undefined> => {
    watch.waiting();
    const { done, value } = await reader.read();
    watch.arrived();
    if (stalled) throw new UpstreamError('timeout', `${what}: the body stalled`);
    if (!done) return value;
    const short = skip > 0 || (left > 0 && left !== Number.POSITIVE_INFINITY);
    if (short) throw new UpstreamError('unreachable', `${what}: the body ended early`);
    return undefined;
  };

  /** The part of a chunk to pass on, perhaps empty. */
  const wanted = (chunk: Uint8Array): Uint8Array => {
    const from = Math.min(skip, chunk.byteLength);
    skip -= from;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (rest.byteLength > left && !cut) {
      throw new UpstreamError('invalid', `${what}: a longer body than announced`);
    }
    const part = rest.byteLength > left ? rest.subarray(0, left) : rest;
    left -= part.byteLength;
    return part;
  };

  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      for (;;) {
        const chunk = await next();
        if (chunk === undefined) {
          watch.stop();
          controller.close();
          return;
        }
        const part = wanted(chunk);
        if (part.byteLength > 0) controller.enqueue(part);
        if (cut && left === 0) {
          watch.stop();
          giveUp();
          controller.close();
          return;
        }
        if (part.byteLength > 0) return;
      }
    } catch (error) {
      watch.stop();
      giveUp();
      throw fetchFailure(what, error, 'body');
    }
  };

  return new ReadableStream(
    {
      pull,
      cancel(reason) {
        watch.stop();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
