import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Written } from '../../core/observe/request-line.ts';
import type { Answer } from '../../core/registry/answer.ts';

/**
 * Writes an answer, at the client's pace. It never rejects. A client that leaves cancels its own
 * stream. A stream that fails cuts the connection, so that no client takes a part for the whole.
 */
export function writeAnswer(
  answer: Answer,
  method: string,
  response: MeteredResponse,
): Written | Promise<Written> {
  const { body, status, headers } = answer;
  response.writeHead(status, headers);
  if (body instanceof ReadableStream) {
    if (method !== 'HEAD') return writeStream(body, response);
    response.end();
    return body.cancel().then(
      () => nothing,
      () => nothing,
    );
  }
  if (body === undefined || method === 'HEAD') {
    response.end();
    return nothing;
  }
  if (typeof body === 'string') {
    response.end(body);
    return { bytes: Buffer.byteLength(body), end: 'complete' };
  }
  if (body.byteLength > smallBody) response.end(body);
  else response.end(asText(body), 'latin1');
  return { bytes: body.byteLength, end: 'complete' };
}

/** Up to this size, in bytes, a body leaves in one piece with the headers. */
const smallBody = 64 * 1024;
const texts = new WeakMap<Uint8Array, string>();

/**
 * Bytes as a text of as many characters: Node writes it together with the headers, in one call of
 * the system instead of two pieces. Latin-1 maps every byte to a character and back.
 */
function asText(body: Uint8Array): string {
  const known = texts.get(body);
  if (known !== undefined) return known;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  texts.set(body, text);
  return text;
}

const nothing: Written = { bytes: 0, end: 'complete' };

async function writeStream(
  body: ReadableStream<Uint8Array>,
  response: MeteredResponse,
): Promise<Written> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  response.once('close', leave);
  // A write to a connection that was just cut; 'close' follows.
  response.on('error', leave);
  if (response.destroyed) leave();
  try {
    const node = nodeBodyOf(body);
    if (node === undefined) await pump(body, response, leaving.signal);
    else await node.writeTo(response, leaving.signal);
    if (leaving.signal.aborted) return { bytes: response.sentBytes, end: 'left' };
    await ended(response, leaving.signal);
    const complete = response.writableFinished;
    return { bytes: response.sentBytes, end: complete ? 'complete' : 'left' };
  } catch (error) {
    const { sentBytes } = response;
    if (leaving.signal.aborted) return { bytes: sentBytes, end: 'left' };
    response.destroy();
    return { bytes: sentBytes, end: 'broken', error };
  } finally {
    response.off('close', leave);
  }
}

/** Ends a response and waits until all of it has left, or the client has. */
async function ended(response: MeteredResponse, signal: AbortSignal): Promise<void> {
  response.end();
  if (response.writableFinished) return;
  await once(response, 'finish', { signal }).catch(() => undefined);
}

async function pump(
  body: ReadableStream<Uint8Array>,
  response: MeteredResponse,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    if (response.write(value)) continue;
    await once(response, 'drain', { signal });
  }
}

type WriteCallback = (error: Error | null | undefined) => void;

/** A response that counts the bytes of a body written in pieces. */
export class MeteredResponse extends ServerResponse<IncomingMessage> {
  #sent = 0;

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const told = typeof encoding === 'function' ? encoding : callback;
    const length = chunk instanceof Uint8Array ? chunk.byteLength : 0;
    const taken: WriteCallback = (error) => {
      // A write that was cut off with its connection is reported as done too.
      if (!error && this.socket?.destroyed === false) this.#sent += length;
      told?.(error);
    };
    if (typeof encoding === 'string') return super.write(chunk, encoding, taken);
    return super.write(chunk, taken);
  }

  /** Bytes of the body that the system took: what a client that left never got is not counted. */
  get sentBytes(): number {
    return this.#sent;
  }
}

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
