import type { Writable } from 'node:stream';

/** A stream's bytes by a short way: from where they are straight into a socket. */
export interface NodeBody {
  /**
   * Writes all bytes and resolves when the sink took the last; does not end it. Rejects when the
   * sink closed or failed, the signal aborted, or the bytes turned out wrong: the sink must be
   * destroyed then, as it was promised more. Called once, instead of reading the stream.
   */
  writeTo(sink: Writable, signal?: AbortSignal): Promise<void>;
}

const bodies = new WeakMap<ReadableStream<Uint8Array>, NodeBody>();

/** The short way for a stream that has one; undefined for every other stream. */
export function nodeBodyOf(stream: ReadableStream<Uint8Array>): NodeBody | undefined {
  return bodies.get(stream);
}

/** Gives a stream a short way: chunks of Web streams cost more than reading a file. */
export function setNodeBody(stream: ReadableStream<Uint8Array>, body: NodeBody): void {
  bodies.set(stream, body);
}
